/** Search by an image that is dropped, pasted or chosen. */
import { bytes } from "../js/numbers.js";
import { toast } from "../js/toast.js";
import { acceptDrops } from "../js/upload-form.js";

const form = document.querySelector("[data-search-image]");
const input = form.querySelector("input[type=file]");

function ask(files) {
  const [file] = files;
  if (!file) return;
  const most = Number(form.dataset.max);
  if (file.size > most) {
    toast(interpolate(gettext("%s has %s; at most %s are taken."), [file.name, bytes(file.size), bytes(most)]), { tone: "failed" });
    return;
  }
  const chosen = new DataTransfer();
  chosen.items.add(file);
  input.files = chosen.files;
  form.toggleAttribute("aria-busy", true);
  form.submit();
}

input.addEventListener("change", () => ask([...input.files]));
acceptDrops(form.querySelector("[data-dropzone]"), ask);
document.addEventListener("paste", ({ clipboardData }) => {
  ask([...(clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/")));
});
form.dataset.ready = "true";
