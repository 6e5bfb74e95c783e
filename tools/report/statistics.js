/* SPDX-License-Identifier: MIT */
/* What the boots did, and what it took. */
"use strict";
(() => {
const {
	byId,
	count,
	el,
	many,
	name,
	number,
	percent,
	phaseName,
	result,
	size,
	svg,
	table,
	time,
	trace,
	words,
} = window.report;

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
	torn: [
		"torn",
		"The first bytes of an operation took place, perhaps some bits of the next ones.",
	],
	shuffled: ["pages shuffled", "Some pages of a program took place, others not."],
	noise: ["noise", "An erase that was cut left cells that hold anything."],
	end: ["at the end", "Not cut at all: the run as it was."],
};

function bar(part, all) {
	return svg(
		"svg",
		{
			class: "share",
			viewBox: "0 0 100 4",
			preserveAspectRatio: "none",
			"aria-hidden": "true",
		},
		svg("rect", { class: "running", width: 100, height: 4 }),
		svg("rect", { class: "boot", width: all ? (100 * part) / all : 0, height: 4 }),
	);
}

function statesTable() {
	const rows = Object.entries(result.states_of).map(([kind, n]) => [
		[CUTS[kind][0], el("small", { class: "aside" }, CUTS[kind][1])],
		count(n),
		[percent(n, result.states), bar(n, result.states)],
	]);

	if (result.states_again)
		rows.push([
			[
				"cut twice",
				el(
					"small",
					{ class: "aside" },
					"Once, and again in the boot that follows.",
				),
			],
			count(result.states_again),
			[
				percent(result.states_again, result.states),
				bar(result.states_again, result.states),
			],
		]);
	return table(
		"Crash states by kind of cut",
		[words("Cut"), number("States"), number("Share")],
		rows,
	);
}

function bootsTable() {
	const boots = result.boots,
		each = boots.boots || 1;
	const rows = [
		["distinct boots", count(boots.boots), ""],
		["after a second cut", count(boots.again), percent(boots.again, boots.boots)],
		["changed the chip", count(boots.writing), percent(boots.writing, boots.boots)],
		[
			"restored something",
			count(boots.restoring),
			percent(boots.restoring, boots.boots),
		],
		["files restored", count(boots.files), ""],
		[
			"formatted the user partition",
			count(boots.formatting),
			percent(boots.formatting, boots.boots),
		],
		["programs, and a boot", count(boots.programs), (boots.programs / each).toFixed(1)],
		["erases, and a boot", count(boots.erases), (boots.erases / each).toFixed(1)],
		["virtual time, and a boot", time(boots.flash_ns), time(boots.flash_ns / each)],
		["longest boot", time(boots.flash_ns_max), ""],
	];

	return table(
		"What the distinct boots did",
		[words("Boots"), number("In all"), number("Share")],
		rows,
	);
}

function holesTable() {
	if (!result.holes.length)
		return el(
			"p",
			{ class: "wide" },
			"No boot fell into a hole of the device's procedure, nor closed one.",
		);
	return el(
		"div",
		{ class: "wide" },
		table(
			`Holes of the device's procedure that boots ` +
				`${result.request.policy === "safe" ? "closed" : "fell into"}`,
			[
				words("Hole"),
				words("What it is"),
				number("States"),
				words("The uncut run too"),
			],
			result.holes.map((hole) => [
				el("code", {}, hole.name),
				HOLES[hole.name] || "",
				count(hole.states),
				hole.in_run ? "yes" : "no",
			]),
		),
	);
}

function phasesTable() {
	const row = (title, phase) => [
		title,
		count(phase.operations),
		count(phase.erases),
		size(phase.program_bytes),
		count(phase.acknowledged),
		[time(phase.ns), bar(phase.ns, trace.busy_ns)],
	];
	const rows = trace.phases.slice(0, 40).map((phase) => row(phaseName(phase), phase));

	if (rows.length < trace.phases.length + trace.phases_left_out)
		rows.push(["and so on", "", "", "", "", ""]);
	if (rows.length > 2) {
		rows.push(row(`all ${many(trace.boots, "boot")}`, trace.in_boots));
		rows.push(row("all of the application", trace.in_application));
	}
	return el(
		"div",
		{ class: "wide" },
		table(
			"Phases of the recorded run",
			[
				words("Phase"),
				number("Operations"),
				number("Erases"),
				number("Programmed"),
				number("Acknowledged"),
				number("Virtual time"),
			],
			rows,
		),
	);
}

function drawStatistics() {
	byId("statistics-content").replaceChildren(
		...[statesTable(), bootsTable(), holesTable(), trace && phasesTable()].filter(
			Boolean,
		),
	);
}

drawStatistics();
})();
