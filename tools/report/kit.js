/* SPDX-License-Identifier: MIT */
/* What the parts of a page share: the document, elements, words for figures.
 * Texts become text nodes only: they come from images. */
"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const result = data.result,
	trace = data.trace,
	findings = data.findings;
const findingCount = findings.length + data.findings_left_out;
const byId = (id) => document.getElementById(id);

/* ---- making elements ---- */

function fill(node, attributes, children) {
	for (const [key, value] of Object.entries(attributes || {}))
		if (value !== undefined) node.setAttribute(key, value);
	for (const child of children.flat(Infinity))
		if (child !== undefined && child !== null) node.append(child);
	return node;
}
const el = (tag, attributes, ...children) =>
	fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) =>
	fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const name = (text) => el("span", { class: "name" }, text);

/* A table; a column with "number" is set to the right. Cells are texts or nodes. */
function table(caption, columns, rows) {
	const cell = (tag, column, content, more) =>
		el(tag, { class: column.number ? "number" : undefined, ...more }, content);
	return el(
		"div",
		{ class: "scroll" },
		el(
			"table",
			{},
			el("caption", {}, caption),
			el(
				"thead",
				{},
				el(
					"tr",
					{},
					columns.map((c) =>
						cell("th", c, c.title, { scope: "col" }),
					),
				),
			),
			el(
				"tbody",
				{},
				rows.map((row) =>
					el(
						"tr",
						{},
						row.map((content, i) =>
							i
								? cell("td", columns[i], content)
								: cell("th", columns[i], content, {
										scope: "row",
									}),
						),
					),
				),
			),
		),
	);
}
const number = (title) => ({ title, number: true });
const words = (title) => ({ title });

/* ---- words for figures ---- */

const count = (n) => Math.round(n).toLocaleString("en-US");
const many = (n, one, more) => `${count(n)} ${n === 1 ? one : more || one + "s"}`;
const hex = (n) => "0x" + n.toString(16).padStart(8, "0");
const percent = (part, all) =>
	!all
		? "0 %"
		: part && part / all < 0.001
			? "< 0.1 %"
			: part < all && part / all > 0.999
				? "> 99.9 %"
				: ((100 * part) / all).toFixed(1).replace(".0", "") + " %";
function scaled(value, units) {
	let unit = 0;
	while (unit + 1 < units.length && value >= units[unit + 1][1]) unit++;
	const n = value / units[unit][1];
	return (n >= 100 ? count(n) : String(+n.toFixed(n >= 10 ? 1 : 2))) + " " + units[unit][0];
}
const time = (ns) =>
	!ns
		? "0"
		: scaled(ns, [
				["ns", 1],
				["\u00b5s", 1e3],
				["ms", 1e6],
				["s", 1e9],
				["min", 6e10],
				["h", 3.6e12],
				["days", 8.64e13],
			]);
const size = (n) =>
	scaled(n, [
		["B", 1],
		["KiB", 1024],
		["MiB", 1048576],
		["GiB", 1073741824],
	]);
const sum = (list) => list.reduce((a, b) => a + b, 0);
const range = (first, last) =>
	first === last
		? `operation ${count(first)}`
		: `operations ${count(first)} to ${count(last)}`;

const traceText = (index) => (index ? trace.texts[index] : "\u2026");
const ROLES = { metadata: "metadata of", data: "content of", superblock: "superblock of" };
function ownerText(tag) {
	const blank = tag.indexOf(" "),
		role = ROLES[tag.slice(0, blank)];
	return role ? `${role} ${tag.slice(blank + 1)}` : tag || "owner not known";
}
const laneName = (lane) =>
	lane.owner === undefined
		? many(lane.owners, "other owner")
		: ownerText(traceText(lane.owner));

const phaseName = (phase) =>
	!phase.is_boot
		? "application"
		: `boot ${phase.boot + 1}` +
			(!phase.has_ended ? ", not finished" : phase.is_good ? "" : ", failed");

window.report = {
	data,
	result,
	trace,
	findings,
	findingCount,
	byId,
	el,
	svg,
	name,
	table,
	number,
	words,
	count,
	many,
	hex,
	percent,
	time,
	size,
	sum,
	range,
	traceText,
	ownerText,
	laneName,
	phaseName,
};
})();
