/** Binary answers of the API, and requests of which only the newest counts. */
import { api, ApiError } from "../js/http.js";

async function bytesOf(url) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin" });
  } catch {
    throw new ApiError(0, { message: gettext("The server cannot be reached."), hint: gettext("Check the connection, then try again.") });
  }
  if (answer.ok) return answer.arrayBuffer();
  let body = {};
  try {
    body = await answer.json();
  } catch {
    body = {};
  }
  throw new ApiError(answer.status, body);
}

/** @param {string} url @returns {Promise<Float32Array>} */
export const fetchFloats = async (url) => new Float32Array(await bytesOf(url));
/** @param {string} url @returns {Promise<Uint8Array>} */
export const fetchBytes = async (url) => new Uint8Array(await bytesOf(url));

/**
 * Ask for one thing at a time: while an answer is awaited, only the newest further wish is kept.
 * @param {(answer: any, wish: any) => void} take @param {(fault: Error) => void} [fail]
 * @returns {(url: string, wish?: any) => void}
 */
export function newestOnly(take, fail = () => {}) {
  let busy = false;
  let next = null;
  async function ask(url, wish) {
    if (busy) {
      next = [url, wish];
      return;
    }
    busy = true;
    try {
      take(await api(url), wish);
    } catch (fault) {
      fail(fault);
    }
    busy = false;
    if (next) {
      const following = next;
      next = null;
      ask(...following);
    }
  }
  return ask;
}
