/** Copying: [data-copy] holds the text, [data-copy-from] names the element whose text is copied. */
import { icon } from "./icons.js";
import { toast } from "./toast.js";

async function write(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("refused");
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy], [data-copy-from]");
  if (!button) return;
  const text = button.dataset.copy ?? document.getElementById(button.dataset.copyFrom)?.textContent ?? "";
  try {
    await write(text);
  } catch {
    toast(gettext("The browser does not let this page copy."), { tone: "warning" });
    return;
  }
  const shown = button.querySelector(".icon");
  if (button.classList.contains("copy") && shown) {
    const done = icon("check", "s");
    shown.replaceWith(done);
    button.dataset.done = "true";
    setTimeout(() => {
      done.replaceWith(shown);
      delete button.dataset.done;
    }, 1500);
  } else {
    toast(gettext("Copied."), { tone: "ok", seconds: 2 });
  }
});
