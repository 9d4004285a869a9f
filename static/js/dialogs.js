/** Dialogs and menus: [data-opens=ID] opens, [data-closes] closes, a click outside closes, Escape closes. */

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except && !menu.contains(except)) menu.open = false;
  }
}

/** @param {string} id */
export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) {
    closeMenus(null);
    dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
  }
}

document.addEventListener("click", (event) => {
  const target = event.target;
  if (!(target instanceof Element)) return;
  closeMenus(target);
  const opener = target.closest("[data-opens]");
  if (opener) openDialog(opener.dataset.opens);
  if (target.closest("[data-closes]")) target.closest("dialog")?.close();
  if (target instanceof HTMLDialogElement && target.open) {
    const box = target.getBoundingClientRect();
    const inside =
      event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) target.close();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.menu[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary")?.focus();
  }
});

/* A destructive form that asks for a name stays shut until the name is right. */
function guard(field) {
  const button = field.form?.querySelector("button:not([type=button])");
  if (button) button.disabled = field.value.trim() !== field.dataset.mustEqual;
}

document.addEventListener("input", (event) => {
  if (event.target instanceof HTMLInputElement && "mustEqual" in event.target.dataset) guard(event.target);
});
for (const field of document.querySelectorAll("[data-must-equal]")) guard(field);
