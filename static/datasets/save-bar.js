/** The bar that says how much is not saved yet, saves it as one version, and leads there. */
import { api } from "../js/http.js";
import { toast } from "../js/toast.js";

const PATIENCE_MS = 600;

/** @param {import("./label-draft.js").Draft} draft @param {string} path of the image to come back to; empty for the grid */
export function saveBar(draft, path = "") {
  const bar = document.getElementById("save-bar");
  const [words, save, discard] = ["[data-words]", "[data-save]", "[data-discard]"].map((name) => bar.querySelector(name));

  function show() {
    const [changes, images] = [draft.changes().length, draft.imageCount];
    bar.hidden = !changes;
    const many = interpolate(ngettext("%s change", "%s changes", changes), [changes]);
    const where = interpolate(ngettext("in %s image", "in %s images", images), [images]);
    words.textContent = interpolate(gettext("%s %s, not saved yet"), [many, where]);
  }

  async function follow(number) {
    const address = `${bar.dataset.versions}/${number}`;
    for (;;) {
      const version = await api(address);
      if (version.state === "failed") throw Object.assign(new Error(version.fault.message), { hint: version.fault.hint });
      if (version.state === "ready") break;
      await new Promise((done) => setTimeout(done, PATIENCE_MS));
    }
    location.assign(path ? `${bar.dataset.find}?version=${number}&path=${encodeURIComponent(path)}` : `${bar.dataset.images}?version=${number}`);
  }

  async function store() {
    save.disabled = discard.disabled = true;
    try {
      const made = await api(bar.dataset.revisions, { method: "POST", body: { changes: draft.changes() } });
      draft.clear();
      bar.hidden = false;
      words.textContent = interpolate(gettext("Version %s is being written…"), [made.number]);
      await follow(made.number);
    } catch (fault) {
      toast(fault.message, { tone: "failed", hint: fault.hint ?? "" });
      show();
    } finally {
      save.disabled = discard.disabled = false;
    }
  }

  save.addEventListener("click", store);
  discard.addEventListener("click", () => {
    draft.clear();
    location.reload();
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s" && !bar.hidden) {
      event.preventDefault();
      store();
    }
  });
  show();
  return show;
}
