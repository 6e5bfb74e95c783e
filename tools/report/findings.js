/* SPDX-License-Identifier: MIT */
/* The findings of a page, each with its first crashes. */
"use strict";
(() => {
const {
	byId,
	count,
	el,
	findingCount,
	findings,
	hex,
	many,
	name,
	number,
	ownerText,
	result,
	table,
	words,
} = window.report;

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
	hole:
		"The boot fell into a hole of the device's " +
		"procedure that the uncut run did not fall into.",
	second: "A second boot changes something: the first one did not finish its work.",
	going_on: "The application cannot go on from here, or its first change breaks something.",
	user: "An expression of the user's is not true.",
	inspect: "The user's own check failed.",
};
const shellWord = (word) =>
	/^[\w./,:=@%+-]+$/.test(word) ? word : "'" + word.replaceAll("'", "'\\''") + "'";

function replayOf(example) {
	const request = result.request;

	return [
		"twinfs explore",
		request.policy === "device" ? "" : `--policy ${request.policy}`,
		request.seed === "1" ? "" : `--seed ${request.seed}`,
		request.checks ? "--checks FILE" : "",
		shellWord(result.image || "IMAGE"),
		shellWord(result.trace || "TRACE"),
		"--at",
		example.crash,
	]
		.filter(Boolean)
		.join(" ");
}

function cutWords(cut, what, len) {
	switch (cut.kind) {
		case "before":
			return `before operation ${count(cut.op)}${what}`;
		case "torn":
			return (
				`in operation ${count(cut.op)}${what}, after ` +
				`${count(cut.done)}${len ? " of " + count(len) : ""} bytes` +
				(cut.unit
					? ` and some bits of the next ` +
						`${cut.unit === 1 ? "one" : count(cut.unit)}`
					: "")
			);
		case "shuffled":
			return (
				`in operation ${count(cut.op)}${what}, with some of its pages of ` +
				`${count(cut.unit)} bytes written and others not`
			);
		case "noise":
			return `in operation ${count(cut.op)}${what}, which leaves noise`;
		case "end":
			return `behind the last operation${what}`;
		default:
			return "nowhere";
	}
}
const crashWords = (example) =>
	"Power cut " +
	cutWords(example.cut, "", example.len) +
	(example.again
		? ", then " +
			cutWords(example.again, " of the boot that follows", example.again.len)
		: "");

const placeOf = (example) =>
	example.block === undefined
		? `at ${hex(example.addr)}`
		: `block ${count(example.block)} of ${example.part}, at ${hex(example.addr)}`;
const operationWords = (example) =>
	`${example.is_erase ? "erase" : "program"} of ${many(example.len, "byte")}`;

/* The first crash in one line. */
function summaryWords(first) {
	if (!first.cut) return "no example";
	if (first.addr === undefined) return crashWords(first).toLowerCase();
	const where =
		first.block === undefined
			? `at ${hex(first.addr)}`
			: `of block ${count(first.block)}`;
	return (
		`${crashWords(first).toLowerCase()} (${first.is_erase ? "erase" : "program"} ` +
		`${where}, ${ownerText(first.owner || "")})`
	);
}

function command(text) {
	const button = el("button", { type: "button", class: "copy" }, "Copy");

	button.addEventListener("click", () => {
		const done = () => {
			button.textContent = "Copied";
		};
		if (navigator.clipboard)
			navigator.clipboard
				.writeText(text)
				.then(done, () =>
					getSelection().selectAllChildren(button.previousSibling),
				);
		else getSelection().selectAllChildren(button.previousSibling);
	});
	return el("div", { class: "command" }, el("code", {}, text), button);
}

/* Where the operation is said only when it is not the one of the @first example. */
function cutCell(example, first) {
	const text = crashWords(example).replace("Power cut ", "");

	if (example.addr === undefined || example.cut.op === first.cut.op) return text;
	return [
		text,
		el(
			"small",
			{ class: "aside" },
			`${operationWords(example)}, ${placeOf(example)}, `,
			name(ownerText(example.owner || "")),
		),
	];
}

function examplesTable(finding) {
	const [first] = finding.examples;
	const isSame = finding.examples.every((example) => example.sentence === first.sentence);

	return table(
		`The first ${finding.examples.length} of ${many(finding.states, "state")}`,
		[words("State"), words("Power cut"), ...(isSame ? [] : [words("What is wrong")])],
		finding.examples.map((example) => [
			el("code", {}, example.crash),
			cutCell(example, first),
			...(isSame ? [] : [example.sentence || ""]),
		]),
	);
}

function findingBody(finding) {
	const first = finding.examples[0],
		facts = [];

	if (!first) return [el("p", {}, KINDS[finding.kind])];
	facts.push(["First crash", crashWords(first)]);
	if (first.addr !== undefined) {
		facts.push([
			"Operation",
			`${operationWords(first)}, number ${count(first.number)} on the chip`,
		]);
		facts.push(["Where", placeOf(first)]);
		facts.push(["For", name(ownerText(first.owner || ""))]);
	}
	if (first.again && first.again.addr !== undefined)
		facts.push([
			"Second cut",
			[
				`${operationWords(first.again)}, ${placeOf(first.again)}, `,
				name(ownerText(first.again.owner || "")),
			],
		]);
	return [
		el(
			"p",
			{},
			name(finding.subject || finding.kind),
			`: ${KINDS[finding.kind] || ""}`,
		),
		el(
			"dl",
			{ class: "facts" },
			facts.map(([what, text]) => [el("dt", {}, what), el("dd", {}, text)]),
		),
		el(
			"p",
			{},
			"To judge this state again; with ",
			el("code", {}, "--reproducers DIR"),
			" its image is written, to be mounted:",
		),
		command(replayOf(first)),
		finding.examples.length > 1 ? examplesTable(finding) : null,
	];
}

function drawFindings() {
	const kinds = new Map();

	if (!findingCount) {
		byId("findings-list").replaceChildren(
			el(
				"p",
				{ class: "verdict-box" },
				`In all ${many(result.states, "state")} the module boots, ` +
					"every file and slot is one that was acknowledged " +
					"or was in flight, " +
					"and a second boot changes nothing.",
			),
		);
		return;
	}
	for (const finding of findings) kinds.set(finding.kind, (kinds.get(finding.kind) || 0) + 1);
	const items = findings.map((finding, i) => {
		const first = finding.examples[0] || {};
		return el(
			"li",
			{},
			el(
				"details",
				{ class: "finding", id: `finding-${i + 1}` },
				el(
					"summary",
					{},
					el(
						"span",
						{ class: "sentence" },
						first.sentence ||
							`${finding.kind}: ${finding.subject}`,
					),
					el(
						"span",
						{ class: "count" },
						many(finding.states, "state"),
					),
					el(
						"span",
						{ class: "where" },
						`${i + 1} \u00b7 ${finding.kind} \u00b7 ` +
							summaryWords(first),
					),
				),
				el("div", { class: "body" }, findingBody(finding)),
			),
		);
	});
	byId("findings-list").replaceChildren(
		el(
			"p",
			{ class: "kinds" },
			[...kinds].map(([kind, n]) => `${kind} ${n}`).join(" \u00b7 "),
		),
		el("ol", { class: "list" }, items),
	);
}

function openTarget() {
	const target = location.hash.startsWith("#finding-") && byId(location.hash.slice(1));

	if (!target) return;
	target.open = true;
	target.scrollIntoView();
	target.querySelector("summary").focus({ preventScroll: true });
}

drawFindings();
addEventListener("hashchange", openTarget);
/* What is folded on the screen is on paper all the same. */
addEventListener("beforeprint", () =>
	document.querySelectorAll("details").forEach((it) => {
		it.open = true;
	}),
);
openTarget();
})();
