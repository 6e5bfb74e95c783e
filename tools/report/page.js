/* Draws a report from the document in the page. Texts become text nodes only: they come from images. */
"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const result = data.result, trace = data.trace, findings = data.findings;
const byId = (id) => document.getElementById(id);

/* ---- making elements ---- */

function fill(node, attributes, children) {
	for (const [key, value] of Object.entries(attributes || {}))
		if (value !== undefined)
			node.setAttribute(key, value);
	for (const child of children.flat(Infinity))
		if (child !== undefined && child !== null)
			node.append(child);
	return node;
}
const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) =>
	fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const name = (text) => el("span", { class: "name" }, text);

/* A table; a column with "number" is set to the right. Cells are texts or nodes. */
function table(caption, columns, rows) {
	const cell = (tag, column, content, more) =>
		el(tag, { class: column.number ? "number" : undefined, ...more }, content);
	return el("div", { class: "scroll" }, el("table", {},
		el("caption", {}, caption),
		el("thead", {}, el("tr", {}, columns.map((c) => cell("th", c, c.title, { scope: "col" })))),
		el("tbody", {}, rows.map((row) => el("tr", {}, row.map((content, i) =>
			i ? cell("td", columns[i], content) : cell("th", columns[i], content, { scope: "row" })))))));
}
const number = (title) => ({ title, number: true });
const words = (title) => ({ title });

/* ---- words for figures ---- */

const count = (n) => Math.round(n).toLocaleString("en-US");
const many = (n, one, more) => `${count(n)} ${n === 1 ? one : more || one + "s"}`;
const hex = (n) => "0x" + n.toString(16).padStart(8, "0");
const percent = (part, all) => !all ? "0 %" : part && part / all < 0.001 ? "< 0.1 %" :
	part < all && part / all > 0.999 ? "> 99.9 %" : (100 * part / all).toFixed(1).replace(".0", "") + " %";
function scaled(value, units) {
	let unit = 0;
	while (unit + 1 < units.length && value >= units[unit + 1][1])
		unit++;
	const n = value / units[unit][1];
	return (n >= 100 ? count(n) : String(+n.toFixed(n >= 10 ? 1 : 2))) + " " + units[unit][0];
}
const time = (ns) => !ns ? "0" : scaled(ns, [["ns", 1], ["\u00b5s", 1e3], ["ms", 1e6], ["s", 1e9], ["min", 6e10],
	["h", 3.6e12], ["days", 8.64e13]]);
const size = (n) => scaled(n, [["B", 1], ["KiB", 1024], ["MiB", 1048576], ["GiB", 1073741824]]);
const sum = (list) => list.reduce((a, b) => a + b, 0);
const range = (first, last) => first === last ? `operation ${count(first)}` :
	`operations ${count(first)} to ${count(last)}`;

const traceText = (index) => index ? trace.texts[index] : "\u2026";
const ROLES = { metadata: "metadata of", data: "content of", superblock: "superblock of" };
function ownerText(tag) {
	const blank = tag.indexOf(" "), role = ROLES[tag.slice(0, blank)];
	return role ? `${role} ${tag.slice(blank + 1)}` : tag || "owner not known";
}
const laneName = (lane) => lane.owner === undefined ? many(lane.owners, "other owner") : ownerText(traceText(lane.owner));

const KINDS = {
	boot: "The boot ended with an error.",
	formatted: "The user partition could not be mounted, and the boot formatted it.",
	backup: "The backup partition could not be mounted.",
	check: "A volume breaks a rule of its format.",
	lost: "It was acknowledged, and is missing.",
	version: "It is neither what was acknowledged last nor what was in flight.",
	back: "It was removed, and is back.",
	rename: "A rename is half done.",
	reverted: "The factory copy is in place of a version that was acknowledged.",
	extra: "Nobody ever made it.",
	slot: "A SecureData slot is not one that was acknowledged.",
	protected: "A protected file is wrong right after the boot.",
	hole: "The boot fell into a hole of the device's procedure that the uncut run did not fall into.",
	second: "A second boot changes something: the first one did not finish its work.",
	going_on: "The application cannot go on from here, or its first change breaks something.",
	user: "An expression of the user's is not true.",
	inspect: "The user's own check failed.",
};
const HOLES = {
	table_empty: "checksum.json is empty: nothing is restored any more",
	table_unparsable: "checksum.json is not JSON: nothing is restored any more",
	table_too_long: "checksum.json is too long: its last entries are not seen",
	table_shortened: "writing checksum.json back drops entries for good",
	empty_file: "a protected file is empty in its factory copy",
	no_backup: "a protected file has no factory copy",
	name: "a file whose hash can never be updated, for its name",
	stopped: "an error ended the procedure; later entries were not checked",
	backup_wiped: "the device would have formatted the backup partition",
	settings: "system_config.json does not parse: the boot script dies",
	root_damaged: "the volume mounts, but nothing in it can be reached",
};
const CUTS = {
	before: ["between two operations", "Nothing is torn."],
	torn: ["torn", "The first bytes of an operation took place, perhaps some bits of the next ones."],
	shuffled: ["pages shuffled", "Some pages of a program took place, others not."],
	noise: ["noise", "An erase that was cut left cells that hold anything."],
	end: ["at the end", "Not cut at all: the run as it was."],
};

/* ---- the head ---- */

function verdictMark(isGood) {
	const path = isGood ? "M3 13l6 6L21 5" : "M12 1L23 12L12 23L1 12Z M12 6v7 M12 16v2";
	return svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", fill: "none", stroke: "currentColor",
		"stroke-width": isGood ? 3.5 : 2.4, "stroke-linejoin": "round" }, svg("path", { d: path }));
}

const findingCount = findings.length + data.findings_left_out;

function drawHead() {
	const isGood = !findingCount;
	const title = isGood ? "Nothing found" + (!result.is_complete ? " so far" : result.request.sample ? " in a sample" : "") :
		`${many(findingCount, "finding")}, in ${count(result.bad_states)} of ${many(result.states, "state")}`;

	document.title = `${title}: ${result.image || "image"}`;
	byId("verdict").className = isGood ? "is-good" : "is-bad";
	byId("verdict").replaceChildren(verdictMark(isGood), el("span", {}, title));
	byId("subject").replaceChildren(name(result.image || "an image"), ", run ", name(result.trace || "not named"),
		`, policy ${result.request.policy}; the power is cut everywhere` +
		(result.request.depth > 1 ? ", and again in the boot that follows" : ""));
}

function drawNotices() {
	const texts = [], request = result.request;

	if (!result.is_complete)
		texts.push(`Not finished: ${count(result.chunks_done)} of ${many(result.chunks, "chunk")} are done.`);
	if (request.sample)
		texts.push(`A sample: ${count(result.operations)} of ${many(result.trace_operations, "operation")}, chosen by seed ${request.seed}.`);
	if (request.shards > 1)
		texts.push(`One part: shard ${request.shard + 1} of ${request.shards}.`);
	if (result.trace_is_cut || (trace && trace.is_truncated))
		texts.push("The trace ends in the middle: its writer was killed. What is behind was not explored.");
	if (!trace)
		texts.push("Made without the trace: there is no timeline and no block map.");
	if (data.findings_left_out)
		texts.push(`The page shows the first ${many(findings.length, "finding")}; ${count(data.findings_left_out)} more are in the result.`);
	byId("notices").replaceChildren(...texts.map((text) => el("p", { class: "notice" }, text)));
}

function drawFigures() {
	const figures = [
		[count(result.states), "crash states judged"],
		[count(result.bad_states), "of them with something wrong"],
		[count(result.operations), "operations explored"],
		[count(result.boots.boots), "distinct boots"],
		[result.ms ? count(result.states / result.ms * 1000) : "\u2013",
			`states a second, ${time(result.ms * 1e6)} in all`],
	];

	if (trace)
		figures.push([time(trace.busy_ns), "virtual device time of the run"]);
	else
		figures.push([time(result.boots.flash_ns), "virtual device time of all boots"]);
	byId("figures").replaceChildren(...figures.map(([value, what]) =>
		el("div", {}, el("dt", {}, what), el("dd", {}, value))));
	byId("contents").replaceChildren(...[...document.querySelectorAll("main > section")]
		.filter((section) => !section.hidden)
		.map((section) => el("li", {}, el("a", { href: "#" + section.id }, section.querySelector("h2").textContent))));
	byId("made-by").textContent = `Made by ${data.made_by}. Nothing in this page is loaded from elsewhere.`;
}

/* ---- findings ---- */

const shellWord = (word) => /^[\w./,:=@%+-]+$/.test(word) ? word : "'" + word.replaceAll("'", "'\\''") + "'";

function replayOf(example) {
	const request = result.request;

	return ["twinfs explore", request.policy === "device" ? "" : `--policy ${request.policy}`,
		request.seed === "1" ? "" : `--seed ${request.seed}`, request.checks ? "--checks FILE" : "",
		shellWord(result.image || "IMAGE"), shellWord(result.trace || "TRACE"), "--at", example.crash]
		.filter(Boolean).join(" ");
}

function cutWords(cut, what, len) {
	switch (cut.kind) {
	case "before": return `before operation ${count(cut.op)}${what}`;
	case "torn": return `in operation ${count(cut.op)}${what}, after ${count(cut.done)}${len ? " of " + count(len) : ""} bytes` +
		(cut.unit ? ` and some bits of the next ${cut.unit === 1 ? "one" : count(cut.unit)}` : "");
	case "shuffled": return `in operation ${count(cut.op)}${what}, with some of its pages of ${count(cut.unit)} bytes written and others not`;
	case "noise": return `in operation ${count(cut.op)}${what}, which leaves noise`;
	case "end": return `behind the last operation${what}`;
	default: return "nowhere";
	}
}
const crashWords = (example) => "Power cut " + cutWords(example.cut, "", example.len) +
	(example.again ? ", then " + cutWords(example.again, " of the boot that follows", example.again.len) : "");

const placeOf = (example) => example.block === undefined ? `at ${hex(example.addr)}` :
	`block ${count(example.block)} of ${example.part}, at ${hex(example.addr)}`;
const operationWords = (example) => `${example.is_erase ? "erase" : "program"} of ${many(example.len, "byte")}`;

/* The first crash in one line. */
function summaryWords(first) {
	if (!first.cut)
		return "no example";
	if (first.addr === undefined)
		return crashWords(first).toLowerCase();
	const where = first.block === undefined ? `at ${hex(first.addr)}` : `of block ${count(first.block)}`;
	return `${crashWords(first).toLowerCase()} (${first.is_erase ? "erase" : "program"} ${where}, ${ownerText(first.owner || "")})`;
}

function command(text) {
	const button = el("button", { type: "button", class: "copy" }, "Copy");

	button.addEventListener("click", () => {
		const done = () => { button.textContent = "Copied"; };
		if (navigator.clipboard)
			navigator.clipboard.writeText(text).then(done, () => getSelection().selectAllChildren(button.previousSibling));
		else
			getSelection().selectAllChildren(button.previousSibling);
	});
	return el("div", { class: "command" }, el("code", {}, text), button);
}

function findingBody(finding) {
	const first = finding.examples[0], facts = [];
	const isSame = finding.examples.every((example) => example.sentence === (first || {}).sentence);

	if (!first)
		return [el("p", {}, KINDS[finding.kind])];
	facts.push(["First crash", crashWords(first)]);
	if (first.addr !== undefined) {
		facts.push(["Operation", `${operationWords(first)}, number ${count(first.number)} on the chip`]);
		facts.push(["Where", placeOf(first)]);
		facts.push(["For", name(ownerText(first.owner || ""))]);
	}
	if (first.again && first.again.addr !== undefined)
		facts.push(["Second cut", [`${operationWords(first.again)}, ${placeOf(first.again)}, `, name(ownerText(first.again.owner || ""))]]);
	return [
		el("p", {}, name(finding.subject || finding.kind), `: ${KINDS[finding.kind] || ""}`),
		el("dl", { class: "facts" }, facts.map(([what, text]) => [el("dt", {}, what), el("dd", {}, text)])),
		el("p", {}, "To judge this state again; with ", el("code", {}, "--reproducers DIR"), " its image is written, to be mounted:"),
		command(replayOf(first)),
		finding.examples.length > 1 ? table(`The first ${finding.examples.length} of ${many(finding.states, "state")}`,
			[words("State"), words("Power cut"), ...(isSame ? [] : [words("What is wrong")])],
			finding.examples.map((e) => [el("code", {}, e.crash),
				[crashWords(e).replace("Power cut ", ""), e.addr === undefined || e.cut.op === first.cut.op ? null :
					el("small", { class: "aside" }, `${operationWords(e)}, ${placeOf(e)}, `, name(ownerText(e.owner || "")))],
				...(isSame ? [] : [e.sentence || ""])])) : null,
	];
}

function drawFindings() {
	const kinds = new Map();

	if (!findingCount) {
		byId("findings-list").replaceChildren(el("p", { class: "verdict-box" },
			`In all ${many(result.states, "state")} the module boots, every file and slot is one that was acknowledged or was in flight, and a second boot changes nothing.`));
		return;
	}
	for (const finding of findings)
		kinds.set(finding.kind, (kinds.get(finding.kind) || 0) + 1);
	const items = findings.map((finding, i) => {
		const first = finding.examples[0] || {};
		return el("li", {}, el("details", { class: "finding", id: `finding-${i + 1}` },
			el("summary", {},
				el("span", { class: "sentence" }, first.sentence || `${finding.kind}: ${finding.subject}`),
				el("span", { class: "count" }, many(finding.states, "state")),
				el("span", { class: "where" }, `${i + 1} \u00b7 ${finding.kind} \u00b7 ` + summaryWords(first))),
			el("div", { class: "body" }, findingBody(finding))));
	});
	byId("findings-list").replaceChildren(
		el("p", { class: "kinds" }, [...kinds].map(([kind, n]) => `${kind} ${n}`).join(" \u00b7 ")),
		el("ol", { class: "list" }, items));
}

function openTarget() {
	const target = location.hash.startsWith("#finding-") && byId(location.hash.slice(1));

	if (!target)
		return;
	target.open = true;
	target.scrollIntoView();
	target.querySelector("summary").focus({ preventScroll: true });
}

/* ---- statistics ---- */

function bar(part, all) {
	return svg("svg", { class: "share", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
		svg("rect", { class: "running", width: 100, height: 4 }),
		svg("rect", { class: "boot", width: all ? 100 * part / all : 0, height: 4 }));
}

function statesTable() {
	const rows = Object.entries(result.states_of).map(([kind, n]) =>
		[[CUTS[kind][0], el("small", { class: "aside" }, CUTS[kind][1])], count(n), [percent(n, result.states), bar(n, result.states)]]);

	if (result.states_again)
		rows.push([["cut twice", el("small", { class: "aside" }, "Once, and again in the boot that follows.")],
			count(result.states_again), [percent(result.states_again, result.states), bar(result.states_again, result.states)]]);
	return table("Crash states by kind of cut", [words("Cut"), number("States"), number("Share")], rows);
}

function bootsTable() {
	const boots = result.boots, each = boots.boots || 1;
	const rows = [
		["distinct boots", count(boots.boots), ""],
		["after a second cut", count(boots.again), percent(boots.again, boots.boots)],
		["changed the chip", count(boots.writing), percent(boots.writing, boots.boots)],
		["restored something", count(boots.restoring), percent(boots.restoring, boots.boots)],
		["files restored", count(boots.files), ""],
		["formatted the user partition", count(boots.formatting), percent(boots.formatting, boots.boots)],
		["programs, and a boot", count(boots.programs), (boots.programs / each).toFixed(1)],
		["erases, and a boot", count(boots.erases), (boots.erases / each).toFixed(1)],
		["virtual time, and a boot", time(boots.flash_ns), time(boots.flash_ns / each)],
		["longest boot", time(boots.flash_ns_max), ""],
	];

	return table("What the distinct boots did", [words("Boots"), number("In all"), number("Share")], rows);
}

function holesTable() {
	if (!result.holes.length)
		return el("p", { class: "wide" }, "No boot fell into a hole of the device's procedure, nor closed one.");
	return el("div", { class: "wide" }, table(`Holes of the device's procedure that boots ${result.request.policy === "safe" ? "closed" : "fell into"}`,
		[words("Hole"), words("What it is"), number("States"), words("The uncut run too")],
		result.holes.map((hole) => [el("code", {}, hole.name), HOLES[hole.name] || "", count(hole.states), hole.in_run ? "yes" : "no"])));
}

const phaseName = (phase) => !phase.is_boot ? "application" : `boot ${phase.boot + 1}` +
	(!phase.has_ended ? ", not finished" : phase.is_good ? "" : ", failed");

function phasesTable() {
	const row = (title, phase) => [title, count(phase.operations), count(phase.erases), size(phase.program_bytes),
		count(phase.acknowledged), [time(phase.ns), bar(phase.ns, trace.busy_ns)]];
	const rows = trace.phases.slice(0, 40).map((phase) => row(phaseName(phase), phase));

	if (rows.length < trace.phases.length + trace.phases_left_out)
		rows.push(["and so on", "", "", "", "", ""]);
	if (rows.length > 2) {
		rows.push(row(`all ${many(trace.boots, "boot")}`, trace.in_boots));
		rows.push(row("all of the application", trace.in_application));
	}
	return el("div", { class: "wide" }, table("Phases of the recorded run", [words("Phase"), number("Operations"), number("Erases"),
		number("Programmed"), number("Acknowledged"), number("Virtual time")], rows));
}

function drawStatistics() {
	byId("statistics-content").replaceChildren(...[statesTable(), bootsTable(), holesTable(), trace && phasesTable()].filter(Boolean));
}

window.report = { data, result, trace, findings, byId, el, svg, name, table, number, words, count, many, hex, time, size, sum, range,
	traceText, ownerText, laneName, phaseName, percent };
if (trace) {
	byId("timeline").hidden = false;
	byId("map").hidden = false;
}
drawHead();
drawNotices();
drawFigures();
drawFindings();
drawStatistics();
addEventListener("hashchange", openTarget);
/* What is folded on the screen is on paper all the same. */
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((it) => { it.open = true; }));
openTarget();
})();
