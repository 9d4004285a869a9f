/** Requests to our own API: CSRF, JSON, and the one error body {code, message, hint, where}. */

/** @returns {string} the CSRF token of the cookie. */
export function csrfToken() {
  const found = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  const field = document.querySelector("input[name=csrfmiddlewaretoken]");
  return found ? decodeURIComponent(found.slice("csrftoken=".length)) : (field?.value ?? "");
}

/** An answer of the API that says what is wrong. */
export class ApiError extends Error {
  /** @param {number} status @param {{code?: string, message?: string, hint?: string, where?: unknown}} body */
  constructor(status, body) {
    super(body.message ?? gettext("The server did not answer as expected."));
    this.status = status;
    this.code = body.code ?? "";
    this.hint = body.hint ?? "";
    this.where = body.where ?? null;
  }
}

/**
 * Call the API with the session of this page.
 * @param {string} url
 * @param {{method?: string, body?: unknown, signal?: AbortSignal}} [options] a FormData body is sent as it is
 * @returns {Promise<any>} the JSON of the answer, or null when it is empty
 */
export async function api(url, { method = "GET", body, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(url, {
      method,
      headers,
      signal,
      credentials: "same-origin",
      body: body === undefined || isForm ? body : JSON.stringify(body),
    });
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw new ApiError(0, {
      message: gettext("The server cannot be reached."),
      hint: gettext("Check the connection, then try again."),
    });
  }
  const text = await answer.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    value = null;
  }
  if (!answer.ok) throw new ApiError(answer.status, value ?? {});
  return value;
}
