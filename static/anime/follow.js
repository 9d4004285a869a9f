/** When an import, an examination or an enrolment that this page follows has ended, the page shows what came of it. */

document.addEventListener("polled", (event) => {
  const part = event.target;
  if (["import", "health", "enrolment-progress"].includes(part.id) && !("working" in part.dataset)) location.reload();
});
