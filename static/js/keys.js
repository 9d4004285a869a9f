/** Keys that work everywhere: "/" searches, "g" then a letter goes to a section. */
import { openDialog } from "./dialogs.js";

const PLACES = { o: "/", d: "/datasets/", a: "/architectures/", r: "/runs/", w: "/weights/", i: "/inference/", s: "/system/" };
let waiting = 0;

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "/" && document.getElementById("search")) {
    event.preventDefault();
    openDialog("search");
  } else if (event.key === "g") {
    waiting = Date.now();
  } else if (Date.now() - waiting < 1000 && PLACES[event.key]) {
    waiting = 0;
    location.assign(PLACES[event.key]);
  }
});
