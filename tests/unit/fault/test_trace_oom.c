/* SPDX-License-Identifier: MIT */
/*
 * test_trace_oom.c - recording and reading traces without memory.
 */
#include "trace_rig.h"

#include <unistd.h>

#include "lib/scarce.h"

/* A recorder that cannot be made leaves no file, or the beginning of one that says it is cut. */
static int record(void *ctx)
{
	struct rig *rig = ctx;
	const struct twinfs_recorder_options options = {
		.parts = rig_parts, .part_count = 2, .seed = 7, .owner = rig_owner, .ctx = rig};
	const struct twinfs_trace_mark mark = {.kind = TWINFS_MARK_NOTE, .path = "a note"};
	struct twinfs_recorder *recorder;
	uint8_t data[PROG] = {0};
	int end, rc = twinfs_recorder_new(rig->flash, "made", &options, &recorder, NULL);

	if (rc)
		return rc;
	twinfs_recorder_hooks(recorder, &rig->first, &rig->last);
	rig->first.next = &rig->last;
	twinfs_flash_set_hook(rig->flash, &rig->first);
	rc = twinfs_recorder_mark(recorder, &mark);
	for (unsigned i = 0; !rc && i < 4; i++)
		rc = twinfs_flash_program(rig->flash, 2 * UNIT + i * PROG, data, PROG);
	twinfs_flash_set_hook(rig->flash, NULL);
	end = twinfs_recorder_close(recorder, NULL);
	return rc ? rc : end;
}

static void remove_made(void *ctx)
{
	struct rig *rig = ctx;

	memset(twinfs_image_bytes_writable(rig->image), 0xff, SIZE);
	(void)unlink("made");
}

static int summarise(void *ctx)
{
	struct twinfs_trace_summary summary;
	struct twinfs_trace *trace;
	const struct twinfs_trace_filter all = {0};
	int rc = twinfs_trace_open("trace", &trace, NULL);

	(void)ctx;
	if (rc)
		return rc;
	rc = twinfs_trace_summarise(trace, &all, &summary);
	if (!rc) {
		rc = summary.owner_count != 3 || summary.file_count < 2;
		twinfs_trace_summary_release(&summary);
	}
	twinfs_trace_close(trace);
	return rc;
}

START_TEST(traces_without_memory)
{
	struct rig rig;
	const struct scarce_trial recording = {remove_made, record, NULL, &rig, false, 0};
	const struct scarce_trial reading = {.body = summarise};

	tempdir_enter();
	rig_run_all(&rig, "trace");
	ck_assert_int_eq(rig_stop(&rig, NULL), 0);
	(void)scarce_try("read", &reading);
	rig_free(&rig);
	rig_chip(&rig);
	(void)scarce_try("record", &recording);
	rig_free(&rig);
	tempdir_leave();
}
END_TEST

RUN_CASES("trace_oom", traces_without_memory)
