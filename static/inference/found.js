/** What found boxes and found masks have in common: a stage over the image, classes to tick, files to take away. */
import { colourOf } from "../datasets/shapes.js";
import { element, icon } from "../js/icons.js";

/** Put a stage that layers are laid on in the place of the image. @param {HTMLImageElement} image @returns {HTMLElement} */
export function stageFor(image) {
  const stage = element("div", { class: "found-stage" });
  image.replaceWith(stage);
  image.removeAttribute("width");
  image.removeAttribute("height");
  stage.append(image);
  return stage;
}

/**
 * A box to tick for each class that was found, in its colour.
 * @param {Iterable<[number, string]>} classes index and text @param {Set<number>} hidden follows the ticks
 * @param {() => void} changed
 */
export function classChoices(classes, hidden, changed) {
  const list = element("ul", { class: "found-classes", role: "list" });
  for (const [index, text] of classes) {
    const box = element("input", { type: "checkbox" });
    box.checked = true;
    box.addEventListener("change", () => {
      if (box.checked) hidden.delete(index);
      else hidden.add(index);
      changed();
    });
    list.append(element("li", {}, element("label", { class: `check ${colourOf(index)}` }, box, element("span", {}, text))));
  }
  return list;
}

/**
 * A button for each file. @param {string} name of the image
 * @param {[string, string, () => string | Blob | Promise<Blob>][]} kinds title, ending and what makes the content
 */
export function downloads(name, kinds) {
  const stem = name.replace(/\.[^.]*$/, "") || "image";
  const row = element("div", { class: "cluster" });
  for (const [title, ending, make] of kinds) {
    const button = element("button", { type: "button", class: "button button-s" }, icon("download", "s"), title);
    button.addEventListener("click", async () => save(`${stem}.${ending}`, await make()));
    row.append(button);
  }
  return row;
}

/** One image as COCO writes it, as the files of a batch do: ids of categories begin at 1. @param {object[]} found entries with an index */
export function asCoco(name, { width, height }, classes, found) {
  return JSON.stringify({
    images: [{ id: 1, file_name: name, width, height }],
    categories: [...classes].map(([index, title]) => ({ id: index + 1, name: title })),
    annotations: found.map(({ index, ...entry }, at) => ({ id: at + 1, image_id: 1, category_id: index + 1, iscrowd: 0, ...entry })),
  });
}

function save(filename, content) {
  const address = URL.createObjectURL(new Blob([content]));
  element("a", { href: address, download: filename }).click();
  URL.revokeObjectURL(address);
}
