/** The button that corrects says how many fixes are ticked, and waits for one. */

const form = document.getElementById("fixes");
const button = form?.querySelector(".fix-bar .button-main");

function count() {
  const chosen = form.querySelectorAll("input[name=fix]:checked").length;
  button.disabled = !chosen;
}

if (button) {
  form.addEventListener("change", count);
  count();
}
