/* SPDX-License-Identifier: MIT */
/* test_trace_summary.c - choosing records, and what they come to. */
#include "trace_rig.h"

static struct twinfs_trace *run(struct rig *rig)
{
	tempdir_enter();
	rig_run_all(rig, "t");
	ck_assert_int_eq(rig_stop(rig, NULL), 0);
	return rig_open("t");
}

static void end(struct rig *rig, struct twinfs_trace *trace)
{
	twinfs_trace_close(trace);
	rig_free(rig);
	tempdir_leave();
}

START_TEST(a_run_is_summed_up)
{
	struct rig rig;
	struct twinfs_trace *trace = run(&rig);
	struct twinfs_trace_summary summary;

	ck_assert_int_eq(twinfs_trace_summarise(trace, NULL, &summary), 0);
	ck_assert_uint_eq(summary.programs, 4);
	ck_assert_uint_eq(summary.program_bytes, 304 + 16 + 48 + 32);
	ck_assert_uint_eq(summary.erases, 1);
	ck_assert_uint_eq(summary.failed, 1);
	ck_assert_uint_eq(summary.flips, 1);
	ck_assert_uint_eq(summary.busy_ns, 45000 + 1000 + 500 + 500);
	ck_assert_uint_eq(summary.content_bytes, 300 + 40);
	ck_assert_uint_eq(summary.changes[TWINFS_TRACED_CONTENT], 1);
	ck_assert_uint_eq(summary.changes[TWINFS_TRACED_RENAME], 0);
	ck_assert_uint_eq(summary.marks[TWINFS_MARK_POWER_CUT], 1);
	ck_assert_uint_eq(summary.owner_count, 3);
	ck_assert_str_eq(summary.owners[0].owner, "data /usr/a");
	ck_assert_uint_eq(summary.owners[0].program_bytes, 304);
	ck_assert_uint_eq(summary.owners[0].erases, 1);
	ck_assert_uint_eq(summary.owners[0].busy_ns, 46000);
	ck_assert_str_eq(summary.owners[1].owner, "metadata /usr");
	ck_assert_uint_eq(summary.owners[1].programs, 2);
	ck_assert_uint_eq(summary.owners[1].busy_ns, 500);
	ck_assert_str_eq(summary.owners[2].owner, "slot 3");
	ck_assert_uint_eq(summary.file_count, 2);
	ck_assert_str_eq(summary.files[0].path, "/usr/a");
	ck_assert_uint_eq(summary.files[0].changes, 1);
	ck_assert_uint_eq(summary.files[0].failed, 1);
	ck_assert_str_eq(summary.files[1].path, "slot 3");
	ck_assert_uint_eq(summary.files[1].content_bytes, 40);
	twinfs_trace_summary_release(&summary);
	end(&rig, trace);
}
END_TEST

START_TEST(blocks_are_those_of_their_partition)
{
	struct rig rig;
	struct twinfs_trace *trace = run(&rig);
	struct twinfs_trace_summary summary;
	uint64_t block;

	ck_assert_int_eq(twinfs_trace_summarise(trace, NULL, &summary), 0);
	ck_assert_uint_eq(summary.block_count, 2);
	ck_assert_str_eq(summary.blocks[0].part->name, "customer_fs");
	ck_assert_uint_eq(summary.blocks[0].block, 0);
	ck_assert_uint_eq(summary.blocks[0].erases, 1);
	ck_assert_uint_eq(summary.blocks[0].programs, 3);
	ck_assert_str_eq(summary.blocks[1].part->name, "securedata");
	ck_assert_uint_eq(summary.blocks[1].addr, 5 * UNIT);
	twinfs_trace_summary_release(&summary);
	ck_assert_ptr_null(twinfs_trace_locate(trace, 7 * UNIT + 1, &block));
	ck_assert_uint_eq(block, 7);
	ck_assert_str_eq(twinfs_trace_locate(trace, 4 * UNIT, &block)->path, "/usr");
	ck_assert_uint_eq(block, 1);
	end(&rig, trace);
}
END_TEST

START_TEST(filters_choose_records)
{
	static const struct {
		struct twinfs_trace_filter filter;
		unsigned records;
	} cases[] = {
		{{0}, 19},
		{{.kinds = 1u << TWINFS_TRACE_ERASE}, 1},
		{{.kinds = 1u << TWINFS_TRACE_ERASE | 1u << TWINFS_TRACE_PROGRAM}, 5},
		{{.kinds = 1u << TWINFS_TRACE_PROGRAM, .from = 4}, 3},
		{{.kinds = 1u << TWINFS_TRACE_PROGRAM, .from = 4, .to = 5}, 2},
		{{.path = "/usr/a"}, 5},
		{{.path = "/usr/new"}, 1},
		{{.path = "/usr"}, 7},
		{{.path = "/usr/"}, 7},
		{{.path = "/us"}, 0},
		{{.path = "/usr/a/b"}, 0},
		{{.part = "securedata"}, 4},
		{{.part = "customer_fs"}, 9},
		{{.part = "none"}, 0},
		{{.part = "customer_fs", .has_block = true, .block = 0}, 6},
		{{.part = "customer_fs", .has_block = true, .block = 1}, 0},
		{{.has_block = true, .block = 0}, 8},
		{{.has_block = true, .block = 7}, 2},
	};
	struct rig rig;
	struct twinfs_trace *trace = run(&rig);
	struct twinfs_trace_record record;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		unsigned count = 0;

		twinfs_trace_rewind(trace);
		while (twinfs_trace_next(trace, &record))
			count += twinfs_trace_passes(trace, &cases[i].filter, &record);
		ck_assert_msg(count == cases[i].records, "case %zu: %u", i, count);
	}
	end(&rig, trace);
}
END_TEST

START_TEST(what_a_filter_leaves_is_summed_up)
{
	struct rig rig;
	struct twinfs_trace *trace = run(&rig);
	struct twinfs_trace_filter filter = {.path = "/usr/a"};
	struct twinfs_trace_summary summary;

	ck_assert_int_eq(twinfs_trace_summarise(trace, &filter, &summary), 0);
	ck_assert_uint_eq(summary.programs, 1);
	ck_assert_uint_eq(summary.busy_ns, 46000);
	ck_assert_uint_eq(summary.owner_count, 1);
	ck_assert_uint_eq(summary.file_count, 1);
	twinfs_trace_summary_release(&summary);
	filter = (struct twinfs_trace_filter){.part = "none"};
	ck_assert_int_eq(twinfs_trace_summarise(trace, &filter, &summary), 0);
	ck_assert_uint_eq(summary.programs + summary.block_count + summary.owner_count, 0);
	twinfs_trace_summary_release(&summary);
	end(&rig, trace);
}
END_TEST

/* Nothing begins behind it: the chip's timing says how long it took. */
START_TEST(the_last_operation_takes_its_time)
{
	struct rig rig;
	struct twinfs_trace *trace;
	struct twinfs_trace_summary summary;

	tempdir_enter();
	rig_chip(&rig);
	rig_record(&rig, "t");
	ck_assert_int_eq(rig_program(&rig, 0, 512, 0), 0);
	ck_assert_int_eq(rig_stop(&rig, NULL), 0);
	trace = rig_open("t");
	ck_assert_int_eq(twinfs_trace_summarise(trace, NULL, &summary), 0);
	ck_assert_uint_eq(summary.busy_ns, 1000);
	ck_assert_str_eq(summary.owners[0].owner, "");
	ck_assert_uint_eq(summary.owners[0].busy_ns, 1000);
	twinfs_trace_summary_release(&summary);
	end(&rig, trace);
}
END_TEST

RUN_CASES("fault/trace_summary", a_run_is_summed_up, blocks_are_those_of_their_partition,
	filters_choose_records, what_a_filter_leaves_is_summed_up,
	the_last_operation_takes_its_time)
