/** htmx: the CSRF token goes along, and a failed request becomes a toast instead of silence. */
import { csrfToken } from "./http.js";
import { toast } from "./toast.js";

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = csrfToken();
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  let body = {};
  try {
    body = JSON.parse(xhr.responseText);
  } catch {
    body = {};
  }
  toast(body.message ?? gettext("The server did not answer as expected."), { tone: "failed", hint: body.hint });
});

document.addEventListener("htmx:sendError", () => {
  toast(gettext("The server cannot be reached."), {
    tone: "failed",
    hint: gettext("Check the connection, then try again."),
  });
});
