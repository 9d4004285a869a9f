/** Several files of one scene go up together: cube and mask, header and data, or one zip. */
import { element, icon } from "../js/icons.js";
import { bytes } from "../js/numbers.js";
import { showFault, UploadForm } from "../js/upload-form.js";

const HEADERLESS = /\.(img|raw|dat|bsq|bil|bip)$/i;

class SceneUpload extends UploadForm {
  get files() {
    return [...this.input.files];
  }

  look() {
    super.look();
    const { files } = this;
    const list = this.form.querySelector("[data-files]");
    list.hidden = files.length < 2;
    list.replaceChildren(
      ...files.map((file) => element("li", {}, icon("file", "s"), element("span", { class: "truncate" }, file.name), element("span", { class: "push muted small" }, bytes(file.size)))),
    );
    if (!files.length) return;
    const total = files.reduce((sum, file) => sum + file.size, 0);
    const most = Number(this.form.dataset.max);
    const chosen = this.zone.querySelector("[data-chosen]");
    if (files.length > 1) chosen.textContent = `${interpolate(ngettext("%s file", "%s files", files.length), [files.length])} · ${bytes(total)}`;
    const lonely = files.length === 1 && HEADERLESS.test(files[0].name);
    this.button.disabled = total > most || lonely;
    if (total > most) {
      const message = interpolate(gettext("Together the files have %s; at most %s are taken."), [bytes(total), bytes(most)]);
      showFault(this.fault, { message, hint: gettext("Have the folder registered on the server instead.") });
    } else if (lonely) {
      const message = gettext("This is data without its header.");
      showFault(this.fault, { message, hint: gettext("Choose the .hdr file together with it.") });
    }
  }

  data() {
    const ordered = new FormData();
    const name = this.form.elements.name.value.trim();
    if (name) ordered.append("name", name);
    for (const file of this.files) ordered.append("file", file);
    return ordered;
  }
}

const form = document.getElementById("upload");
new SceneUpload(form, {
  checking: gettext("Everything is here; the files are looked into…"),
  done: (scene) => location.assign(`/hsi/scenes/${encodeURIComponent(scene.id)}`),
});
