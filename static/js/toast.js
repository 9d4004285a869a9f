/** Short messages at the corner. Faults stay until closed; the rest leave by themselves. */
import { element, icon } from "./icons.js";

const ICONS = { ok: "check-circle", success: "check-circle", warning: "warning", failed: "error", error: "error" };
const TONES = { success: "ok", error: "failed", debug: "info" };

/**
 * @param {string} message
 * @param {{tone?: string, hint?: string, seconds?: number, action?: {label: string, run: () => void}}} [options]
 */
export function toast(message, { tone = "info", hint = "", seconds, action } = {}) {
  const shown = TONES[tone] ?? tone;
  const body = element("div", { class: "grow stack-s" }, element("div", {}, message));
  if (hint) body.append(element("div", { class: "small muted" }, hint));
  const close = element("button", { type: "button", class: "copy", "aria-label": gettext("Close") }, icon("close", "s"));
  const box = element("div", { class: `toast toast-${shown}` }, icon(ICONS[tone] ?? "info"), body);
  if (action) {
    const button = element("button", { type: "button", class: "button button-s" }, action.label);
    button.addEventListener("click", () => {
      action.run();
      box.remove();
    });
    box.append(button);
  }
  box.append(close);
  close.addEventListener("click", () => box.remove());
  document.getElementById("toasts")?.append(box);
  const stay = seconds ?? (shown === "failed" ? 0 : 6);
  if (stay) setTimeout(() => box.remove(), stay * 1000);
}

/** Give the messages that came with the page the same look and life. */
export function adoptServerToasts() {
  for (const plain of document.querySelectorAll("#toasts > .toast")) {
    const tone = [...plain.classList].find((name) => name.startsWith("toast-"))?.slice("toast-".length) ?? "info";
    const text = plain.textContent.trim();
    plain.remove();
    toast(text, { tone });
  }
}
