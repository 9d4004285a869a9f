/** What the mask says about the scores that are shown: curves, areas, and the point of the threshold on them. */
import { element } from "../js/icons.js";
import { metric, percent } from "../js/numbers.js";
import { curves, operatingPoint, split, threeD } from "./evaluation.js";
import { ratePlot } from "./plots.js";
import { linePlot } from "../js/plot.js";

const POINT = gettext("threshold");

export class Evaluation {
  constructor(root, mask) {
    Object.assign(this, { root, mask, plots: null, threshold: NaN });
    this.facts = root.querySelector("[data-measures]");
    this.point = root.querySelector("[data-point]");
  }

  setScores(values) {
    this.parts = split(values, this.mask);
    this.found = curves(this.parts);
    this.root.hidden = !this.found;
    if (!this.found) return;
    this.measures = threeD(this.parts, this.found.auc);
    this.drawMeasures();
    this.drawCurves();
  }

  setThreshold(threshold) {
    this.threshold = threshold;
    if (!this.found) return;
    const at = operatingPoint(this.parts, threshold);
    const stat = (label, value, note) => element("div", { class: "stat" }, element("span", { class: "stat-label" }, label), element("span", { class: "stat-value" }, value), element("span", { class: "stat-note" }, note));
    this.point.replaceChildren(
      stat("AUC", this.found.auc.toFixed(4), gettext("over all thresholds")),
      stat("AP", this.found.ap.toFixed(4), gettext("over all thresholds")),
      stat(gettext("Detected"), percent(at.recall), interpolate(gettext("%s of %s known pixels"), [metric(at.found), metric(at.found + at.missed)])),
      stat(gettext("False alarms"), `${(100 * at.falseRate).toPrecision(3)} %`, interpolate(ngettext("%s pixel", "%s pixels", at.wrong), [metric(at.wrong)])),
      stat(gettext("Precision"), percent(at.precision), gettext("of what is above the threshold")),
      stat("F1", at.f1.toFixed(3), gettext("at the threshold")),
    );
    this.drawPoint(at);
  }

  drawMeasures() {
    const names = {
      auc_d_f: "AUC(D,F)", auc_d_tau: "AUC(D,τ)", auc_f_tau: "AUC(F,τ)", auc_td: "AUC-TD", auc_bs: "AUC-BS",
      auc_tdbs: "AUC-TDBS", auc_odp: "AUC-ODP", auc_od: "AUC-OD", auc_snpr: "AUC-SNPR",
    };
    const best = { auc_f_tau: gettext("best 0"), auc_td: gettext("best 2"), auc_odp: gettext("best 2"), auc_od: gettext("best 2"), auc_snpr: gettext("higher is better") };
    this.facts.replaceChildren(
      ...Object.entries(names).map(([key, name]) =>
        element("div", {}, element("dt", {}, name), element("dd", {}, element("span", { class: "num" }, metric(this.measures[key])), element("span", { class: "small muted push" }, best[key] ?? gettext("best 1")))),
      ),
    );
  }

  series(kind) {
    const lines = [{ name: kind === "roc" ? "ROC" : "PR", ...this.found[kind], colour: 0, fill: true }];
    if (Number.isFinite(this.threshold)) {
      const at = operatingPoint(this.parts, this.threshold);
      const [x, y] = kind === "roc" ? [at.falseRate, at.recall] : [at.recall, at.precision];
      lines.push({ name: POINT, x: [x], y: [y], colour: 1 });
    }
    return lines;
  }

  drawCurves() {
    if (this.plots) {
      for (const [kind, plot] of Object.entries(this.plots)) plot.replace(this.series(kind));
      return;
    }
    this.drawing ??= Promise.all([
      ratePlot(this.root.querySelector("#roc"), {
        x: { title: gettext("False alarm rate"), range: [-0.02, 1.02] }, y: { title: gettext("Detection rate"), range: [-0.02, 1.04], canLog: false },
        series: this.series("roc"), smallest: 0.5 / this.parts.other.length, hover: "closest",
      }),
      linePlot(this.root.querySelector("#pr"), {
        x: { title: gettext("Recall"), range: [-0.02, 1.02] }, y: { title: gettext("Precision"), range: [-0.02, 1.04], canLog: false },
        series: this.series("pr"), hover: "closest",
      }),
    ]).then(([roc, pr]) => {
      this.plots = { roc, pr };
      this.drawCurves();
    });
  }

  drawPoint() {
    if (this.plots) this.drawCurves();
  }
}
