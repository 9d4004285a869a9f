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

/* Parts matter only where something is trained. */
const judge = document.getElementById("judge");
const folds = document.getElementById("folds-field");

if (judge) {
  const show = () => {
    folds.hidden = !judge.value.startsWith("training:");
  };
  judge.addEventListener("change", show);
  show();
}
