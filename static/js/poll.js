/**
 * Parts that keep themselves fresh: [data-poll=URL] is replaced by the HTML of the address every
 * data-poll-seconds while the page is visible. An answer 204 ends it; an answer with the same ETag changes nothing.
 */

const QUIET_AFTER_FAULT_S = 15;

function swap(node, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
  if (!fresh) return node;
  if (fresh.isEqualNode(node)) return node;
  const focused = node.contains(document.activeElement) ? document.activeElement.id : "";
  node.replaceWith(fresh);
  if (focused) document.getElementById(focused)?.focus();
  window.htmx?.process(fresh);
  fresh.dispatchEvent(new CustomEvent("polled", { bubbles: true }));
  return fresh;
}

function watch(node) {
  let seconds = Number(node.dataset.pollSeconds ?? 5);
  let timer = 0;

  async function ask() {
    if (document.hidden || !node.isConnected) {
      if (node.isConnected) timer = setTimeout(ask, seconds * 1000);
      return;
    }
    let wait = seconds;
    try {
      const answer = await fetch(node.dataset.poll, { headers: { "X-Poll": "true" }, credentials: "same-origin" });
      if (answer.status === 204 || answer.redirected) return;
      if (answer.ok && !node.querySelector("details[open], :focus-within:is(select, input)")) {
        node = swap(node, await answer.text());
        node.dataset.polling = "true";
        if (!node.dataset.poll) return;
        seconds = Number(node.dataset.pollSeconds ?? seconds);
      } else if (!answer.ok) wait = QUIET_AFTER_FAULT_S;
    } catch {
      wait = QUIET_AFTER_FAULT_S;
    }
    timer = setTimeout(ask, wait * 1000);
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden || !node.isConnected) return;
    clearTimeout(timer);
    ask();
  });
  if ("pollFirst" in node.dataset) ask();
  else timer = setTimeout(ask, seconds * 1000);
}

/** Start polling for every marked part below `root`. */
export function startPolls(root = document) {
  for (const node of root.querySelectorAll("[data-poll]:not([data-polling])")) {
    node.dataset.polling = "true";
    watch(node);
  }
}

startPolls();
document.addEventListener("htmx:load", (event) => startPolls(event.target));
