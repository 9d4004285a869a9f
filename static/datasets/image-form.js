/** What is changed about the image as a whole: its class, its split, whether it stays. */

/** @param {import("./label-editor.js").LabelEditor} editor @param {{label: number | null, split: string}} data */
export function imageForm(editor, data) {
  const form = document.getElementById("image-form");
  const { label, split, left_out: leftOut, empty } = form.elements;

  function show() {
    const { state } = editor;
    if (label) label.value = String(state.label ?? data.label);
    split.value = state.split ?? data.split;
    leftOut.checked = state.leftOut;
    if (!empty) return;
    empty.checked = state.empty;
    empty.disabled = editor.stage.shapes.length > 0;
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => {
    const chosen = label ? Number(label.value) : null;
    editor.become({
      ...editor.state,
      label: label && chosen !== data.label ? chosen : null,
      split: split.value === data.split ? null : split.value,
      leftOut: leftOut.checked,
      empty: Boolean(empty?.checked),
    });
  });
  return show;
}
