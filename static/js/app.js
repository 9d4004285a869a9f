/** What every page needs: htmx with CSRF, theme, dialogs, menus, copying, polling, tables, toasts, search. */
import "./htmx.js";
import "./theme.js";
import "./dialogs.js";
import "./copy.js";
import "./tables.js";
import "./poll.js";
import "./search.js";
import "./keys.js";
import { adoptServerToasts } from "./toast.js";

adoptServerToasts();
document.documentElement.dataset.ready = "true";
