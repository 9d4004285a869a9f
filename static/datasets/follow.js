/** When an import or a measurement that this page follows has ended, the page shows what came of it. */

document.addEventListener("polled", (event) => {
  const part = event.target;
  if (["import", "measuring", "doubts"].includes(part.id) && !("working" in part.dataset)) location.reload();
});
