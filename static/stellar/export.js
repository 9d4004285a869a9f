/** Export: the address of the download follows format and columns. */
const form = document.querySelector("[data-export]");
const link = form.querySelector("[data-go]");
const query = JSON.parse(document.getElementById("export-query").textContent);
const boxes = [...form.querySelectorAll("[name=column]")];
const count = form.querySelector("[data-columns-count]");

function write() {
  const [kind, plain] = form.elements.kind.value.split("-");
  const wanted = new URLSearchParams(query);
  const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
  if (chosen.length < boxes.length) wanted.set("columns", chosen.join(","));
  if (plain) wanted.set("plain", "1");
  const text = wanted.toString();
  link.href = `${form.dataset.base}${kind}${text ? `?${text}` : ""}`;
  const none = boxes.length > 0 && !chosen.length;
  link.toggleAttribute("aria-disabled", none);
  if (none) link.removeAttribute("href");
  if (count) count.textContent = interpolate(gettext("%s of %s"), [chosen.length, boxes.length]);
}

for (const button of form.querySelectorAll("[data-all]")) {
  button.addEventListener("click", () => {
    for (const box of boxes) box.checked = Boolean(button.dataset.all);
    write();
  });
}
form.addEventListener("change", write);
write();
form.dataset.ready = "true";
