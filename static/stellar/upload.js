/** The files of a survey go up together: a catalogue, spectra, images, or archives of these. */
import { element, icon } from "../js/icons.js";
import { bytes } from "../js/numbers.js";
import { showFault, UploadForm } from "../js/upload-form.js";

const SHOWN = 12;
const MAY_BE_CATALOGUE = /\.(csv|vot|xml|ecsv|zip)$|(^|\/)(?!spec-)[^/]*\.fits?(\.gz)?$/i;

class SurveyUpload extends UploadForm {
  get files() {
    return [...this.input.files];
  }

  look() {
    super.look();
    const { files } = this;
    const list = this.form.querySelector("[data-files]");
    list.hidden = files.length < 2;
    list.replaceChildren(
      ...files.slice(0, SHOWN).map((file) => element("li", {}, icon("file", "s"), element("span", { class: "truncate" }, file.name), element("span", { class: "push muted small" }, bytes(file.size)))),
    );
    if (files.length > SHOWN) list.append(element("li", { class: "muted small" }, interpolate(gettext("and %s more"), [files.length - SHOWN])));
    if (!files.length) return;
    const total = files.reduce((sum, file) => sum + file.size, 0);
    const most = Number(this.form.dataset.max);
    const mostFiles = Number(this.form.dataset.mostFiles);
    if (files.length > 1) this.zone.querySelector("[data-chosen]").textContent = `${interpolate(ngettext("%s file", "%s files", files.length), [files.length])} · ${bytes(total)}`;
    const hasCatalogue = files.some((file) => MAY_BE_CATALOGUE.test(file.name));
    this.button.disabled = total > most || files.length > mostFiles || !hasCatalogue;
    if (total > most) {
      const message = interpolate(gettext("Together the files have %s; at most %s are taken."), [bytes(total), bytes(most)]);
      showFault(this.fault, { message, hint: gettext("Have the folder registered on the server instead.") });
    } else if (files.length > mostFiles) {
      const message = interpolate(gettext("These are %s files; at most %s are taken at once."), [files.length, mostFiles]);
      showFault(this.fault, { message, hint: gettext("Pack the folder as a zip: it is unpacked here.") });
    } else if (!hasCatalogue) {
      showFault(this.fault, { message: gettext("There is no catalogue among these files."), hint: gettext("Choose objects.csv together with the spectra and images, or a zip that holds it.") });
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

new SurveyUpload(document.getElementById("upload"), {
  checking: gettext("Everything is here; the import begins…"),
  done: (survey) => location.assign(`/stellar/surveys/${encodeURIComponent(survey.id)}`),
});
