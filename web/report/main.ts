/** The report of a proof or a drill: one page, drawn from the data in it. */
import "../shared/theme.css";
import "./report.css";
import { fill } from "../shared/dom";
import { alertTable } from "./alerts";
import { read } from "./data";
import { faultClasses, findings, scenarios, verdict } from "./sections";

const report = read();
document.title = `${report.title}: ${report.verdict}`;
fill(document.getElementById("report")!, verdict(report), alertTable(report), findings(report), faultClasses(report), scenarios(report));
