/* SPDX-License-Identifier: MIT */
/* test_trace.c - what is recorded is read again, and is what happened. */
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include "trace_rig.h"

START_TEST(records_lead_from_the_old_image_to_the_new_and_back)
{
	struct rig rig;
	struct twinfs_trace *trace;
	struct twinfs_trace_record record;
	uint8_t *back;
	struct twinfs_digest digest;

	tempdir_enter();
	rig_run_all(&rig, "t");
	ck_assert_int_eq(rig_stop(&rig, NULL), 0);
	trace = rig_open("t");
	back = rig_copy(&rig);
	ck_assert_int_ne(memcmp(rig.before, back, SIZE), 0);
	digest = twinfs_digest(rig.before, SIZE);
	ck_assert_uint_eq(digest.low, twinfs_trace_info(trace)->digest.low);
	ck_assert_uint_eq(digest.high, twinfs_trace_info(trace)->digest.high);
	while (twinfs_trace_next(trace, &record))
		if (record.kind == TWINFS_TRACE_OLD)
			twinfs_trace_apply(&record, back);
	ck_assert_mem_eq(back, rig.before, SIZE);
	twinfs_trace_rewind(trace);
	while (twinfs_trace_next(trace, &record))
		if (record.kind != TWINFS_TRACE_OLD)
			twinfs_trace_apply(&record, back);
	ck_assert_mem_eq(back, twinfs_image_bytes(rig.image), SIZE);
	free(back);
	ck_assert(!twinfs_trace_next(trace, &record));
	twinfs_trace_rewind(trace);
	ck_assert(twinfs_trace_next(trace, &record));
	twinfs_trace_close(trace);
	rig_free(&rig);
	tempdir_leave();
}
END_TEST

START_TEST(operations_keep_number_time_owner_and_result)
{
	struct rig rig;
	struct twinfs_trace *trace;
	struct twinfs_trace_record record;
	struct twinfs_flash_stats stats;

	tempdir_enter();
	rig_run_all(&rig, "t");
	ck_assert_int_eq(rig_stop(&rig, NULL), 0);
	trace = rig_open("t");
	ck_assert_uint_eq(twinfs_trace_info(trace)->first_number, 1);
	ck_assert_uint_eq(twinfs_trace_info(trace)->first_time_ns, 500);
	record = rig_next(trace, TWINFS_TRACE_ERASE);
	ck_assert_uint_eq(record.number, 2);
	ck_assert_uint_eq(record.time_ns, 500);
	ck_assert_uint_eq(record.addr, 2 * UNIT);
	ck_assert_uint_eq(record.len, UNIT);
	ck_assert_uint_eq(record.cells_len, 0);
	ck_assert_str_eq(record.owner, "data /usr/a");
	record = rig_next(trace, TWINFS_TRACE_PROGRAM);
	ck_assert_uint_eq(record.time_ns, 45500);
	ck_assert_uint_eq(record.len, 304);
	ck_assert_uint_eq(record.done, 304);
	ck_assert_uint_eq(record.cells_len, 304);
	record = rig_next(trace, TWINFS_TRACE_PROGRAM);
	ck_assert_uint_eq(record.time_ns, 46500);
	ck_assert_uint_eq(record.addr, UNIT + 512);
	ck_assert_str_eq(record.owner, "metadata /usr");
	record = rig_next(trace, TWINFS_TRACE_PROGRAM);
	ck_assert_str_eq(record.owner, "slot 3");
	record = rig_next(trace, TWINFS_TRACE_FLIP);
	ck_assert_uint_eq(record.addr, 7 * UNIT + 9);
	ck_assert_uint_eq(*record.cells, 0xfe);
	record = rig_next(trace, TWINFS_TRACE_PROGRAM);
	ck_assert_uint_eq(record.number, 6);
	ck_assert_int_eq(record.result, -ESHUTDOWN);
	ck_assert_uint_eq(record.done, 5);
	ck_assert_uint_eq(record.cells_len, 5);
	ck_assert_uint_eq(record.cells[4], 0xa5);
	twinfs_flash_stats(rig.flash, &stats);
	ck_assert_uint_eq(twinfs_trace_info(trace)->last_time_ns, stats.busy_ns);
	ck_assert_uint_eq(twinfs_trace_info(trace)->last_number, stats.seq);
	twinfs_trace_close(trace);
	rig_free(&rig);
	tempdir_leave();
}
END_TEST

START_TEST(marks_say_what_began_and_how_it_ended)
{
	struct rig rig;
	struct twinfs_trace *trace;
	struct twinfs_trace_mark mark;
	struct twinfs_trace_record record;

	tempdir_enter();
	rig_run_all(&rig, "t");
	ck_assert_int_eq(rig_stop(&rig, NULL), 0);
	trace = rig_open("t");
	ck_assert_int_eq(rig_next(trace, TWINFS_TRACE_MARK).mark.kind, TWINFS_MARK_BOOT_BEGAN);
	ck_assert_int_eq(rig_next(trace, TWINFS_TRACE_MARK).mark.kind, TWINFS_MARK_BOOT_ENDED);
	mark = rig_next(trace, TWINFS_TRACE_MARK).mark;
	ck_assert_int_eq(mark.kind, TWINFS_MARK_CHANGE_BEGAN);
	ck_assert_int_eq(mark.change, TWINFS_TRACED_CONTENT);
	record = rig_next(trace, TWINFS_TRACE_MARK);
	mark = record.mark;
	ck_assert_uint_eq(record.number, 4);
	ck_assert_int_eq(mark.kind, TWINFS_MARK_CHANGE_ENDED);
	ck_assert_int_eq(mark.change, TWINFS_TRACED_CONTENT);
	ck_assert_str_eq(mark.path, "/usr/a");
	ck_assert_str_eq(mark.new_path, "");
	ck_assert_uint_eq(mark.size, 300);
	ck_assert_uint_eq(mark.digest.high, ~UINT64_C(300));
	(void)rig_next(trace, TWINFS_TRACE_MARK);
	mark = rig_next(trace, TWINFS_TRACE_MARK).mark;
	ck_assert_int_eq(mark.kind, TWINFS_MARK_STORE_ENDED);
	ck_assert_uint_eq(mark.index, 3);
	ck_assert_uint_eq(mark.size, 40);
	ck_assert_str_eq(rig_next(trace, TWINFS_TRACE_MARK).mark.path, "now it breaks");
	mark = rig_next(trace, TWINFS_TRACE_MARK).mark;
	ck_assert_int_eq(mark.change, TWINFS_TRACED_RENAME);
	ck_assert_str_eq(mark.new_path, "/usr/new");
	ck_assert_int_eq(rig_next(trace, TWINFS_TRACE_MARK).mark.kind, TWINFS_MARK_POWER_CUT);
	twinfs_trace_close(trace);
	rig_free(&rig);
	tempdir_leave();
}
END_TEST

START_TEST(what_never_began_cannot_end_and_only_eight_go_on_at_once)
{
	struct rig rig;
	struct twinfs_trace *trace;
	char path[16];

	tempdir_enter();
	rig_chip(&rig);
	rig_record(&rig, "t");
	ck_assert_int_eq(rig_store(&rig, TWINFS_MARK_STORE_ENDED, 3, 0), -EINVAL);
	ck_assert_int_eq(rig_store(&rig, TWINFS_MARK_STORE_BEGAN, 3, 0), 0);
	ck_assert_int_eq(rig_store(&rig, TWINFS_MARK_STORE_ENDED, 4, 0), -EINVAL);
	ck_assert_int_eq(rig_store(&rig, TWINFS_MARK_STORE_ENDED, 3, -EIO), 0);
	ck_assert_int_eq(rig_mark(&rig, TWINFS_MARK_NOTE, TWINFS_TRACED_CREATE, "x", 0), -EINVAL);
	ck_assert_int_eq(rig_mark(&rig, TWINFS_MARK_COUNT, 0, "x", 0), -EINVAL);
	for (int i = 0; i < 9; i++) {
		(void)snprintf(path, sizeof(path), "/usr/%d", i);
		ck_assert_int_eq(rig_mark(&rig, TWINFS_MARK_CHANGE_BEGAN, TWINFS_TRACED_REMOVE,
					 path, 0),
			i < 8 ? 0 : -EBUSY);
	}
	ck_assert_int_eq(rig_mark(&rig, TWINFS_MARK_CHANGE_ENDED, TWINFS_TRACED_REMOVE, "/usr/5",
				 0),
		0);
	ck_assert_int_eq(rig_stop(&rig, NULL), 0);
	trace = rig_open("t");
	ck_assert_uint_eq(twinfs_trace_info(trace)->marks, 11);
	twinfs_trace_close(trace);
	rig_free(&rig);
	tempdir_leave();
}
END_TEST

START_TEST(each_kind_of_change_keeps_what_goes_with_it)
{
	struct rig rig;
	struct twinfs_trace *trace;

	tempdir_enter();
	rig_chip(&rig);
	rig_record(&rig, "t");
	for (unsigned change = 1; change < TWINFS_TRACED_COUNT; change++) {
		struct twinfs_trace_mark mark = {.change = change,
			.flags = change,
			.path = "/usr/x",
			.new_path = "/usr/y",
			.index = 200,
			.size = 70000,
			.digest = {change, UINT64_MAX}};

		ck_assert_int_eq(twinfs_recorder_mark(rig.recorder, &mark), 0);
		mark.kind = TWINFS_MARK_CHANGE_ENDED;
		mark.result = -28;
		mark.size = 0; /* is known from the beginning */
		ck_assert_int_eq(twinfs_recorder_mark(rig.recorder, &mark), 0);
	}
	ck_assert_int_eq(rig_stop(&rig, NULL), 0);
	trace = rig_open("t");
	for (unsigned i = 2; i < 2 * TWINFS_TRACED_COUNT; i++) {
		struct twinfs_trace_mark mark = rig_next(trace, TWINFS_TRACE_MARK).mark;
		unsigned change = i / 2;
		bool has_content = change == TWINFS_TRACED_CONTENT ||
				   change == TWINFS_TRACED_ATTR || change == TWINFS_TRACED_RESIZE;

		ck_assert_int_eq(mark.kind,
			i % 2 ? TWINFS_MARK_CHANGE_ENDED : TWINFS_MARK_CHANGE_BEGAN);
		ck_assert_int_eq(mark.change, change);
		ck_assert_uint_eq(mark.flags, change);
		ck_assert_str_eq(mark.path, "/usr/x");
		ck_assert_str_eq(mark.new_path, change == TWINFS_TRACED_RENAME ? "/usr/y" : "");
		ck_assert_uint_eq(mark.index, change == TWINFS_TRACED_ATTR ? 200 : 0);
		ck_assert_uint_eq(mark.size, has_content ? 70000 : 0);
		ck_assert_uint_eq(mark.digest.low, has_content ? change : 0);
		ck_assert_int_eq(mark.result, i % 2 ? -28 : 0);
	}
	twinfs_trace_close(trace);
	rig_free(&rig);
	tempdir_leave();
}
END_TEST

struct worker {
	struct rig *rig;
	unsigned number;
	int rc;
};

static void *work(void *ctx)
{
	struct worker *it = ctx;

	for (int i = 0; i < 2000 && !it->rc; i++) {
		it->rc = rig_program(it->rig, it->number * UNIT, 16, (uint8_t)i);
		if (!it->rc)
			it->rc = rig_store(it->rig, TWINFS_MARK_STORE_BEGAN, it->number, 0);
		if (!it->rc)
			it->rc = rig_store(it->rig, TWINFS_MARK_STORE_ENDED, it->number, 0);
		if (!it->rc && i % 100 == 0)
			it->rc = twinfs_recorder_flush(it->rig->recorder);
	}
	return NULL;
}

START_TEST(several_threads_are_recorded_at_once)
{
	enum { THREADS = 4 };
	struct rig rig;
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	struct twinfs_trace *trace;

	tempdir_enter();
	rig_chip(&rig);
	rig_record(&rig, "t");
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){&rig, i, 0};
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
		ck_assert_int_eq(workers[i].rc, 0);
	}
	ck_assert_int_eq(rig_stop(&rig, NULL), 0);
	trace = rig_open("t");
	ck_assert_uint_eq(twinfs_trace_info(trace)->operations, THREADS * 2000);
	ck_assert_uint_eq(twinfs_trace_info(trace)->marks, 2 * THREADS * 2000);
	twinfs_trace_close(trace);
	rig_free(&rig);
	tempdir_leave();
}
END_TEST

/* docs/formats/trace.md, "An example". */
START_TEST(the_bytes_are_those_of_the_document)
{
	static const uint8_t records[] = {0x04, 0x01, 0x00, 0x02, 0x00, 0x01, 0x00, 0x06, 's', 'l',
		'o', 't', ' ', '3', 0x00, 0x01, 0x01, 0x00, 0x01, 0x01, 0x00};
	uint8_t data[16], file[512];
	struct rig rig;
	FILE *stream;
	size_t len;

	tempdir_enter();
	rig_chip(&rig);
	rig_record(&rig, "t");
	memset(data, 0xff, sizeof(data));
	data[0] = 0;
	ck_assert_int_eq(twinfs_flash_erase(rig.flash, UNIT, UNIT), 0);
	rig.owner = "slot 3";
	ck_assert_int_eq(twinfs_flash_program(rig.flash, UNIT, data, sizeof(data)), 0);
	ck_assert_int_eq(rig_stop(&rig, NULL), 0);
	stream = fopen("t", "re");
	ck_assert_ptr_nonnull(stream);
	len = fread(file, 1, sizeof(file), stream);
	ck_assert_int_eq(fclose(stream), 0);
	ck_assert_mem_eq(file, "TWFSTRCE\1\0\0\0", 12);
	/* behind it only the chunk of the end, 12 + 24 bytes */
	ck_assert_uint_gt(len, 36 + sizeof(records));
	ck_assert_mem_eq(file + len - 36 - sizeof(records), records, sizeof(records));
	rig_free(&rig);
	tempdir_leave();
}
END_TEST

/* Pretended, torn erases, slow ones, a strict refusal: all come out as they were. */
START_TEST(what_faults_made_of_operations_is_in_the_trace)
{
	struct rig rig;
	struct twinfs_trace *trace;
	struct twinfs_trace_record record;

	tempdir_enter();
	rig_chip(&rig);
	ck_assert_int_eq(rig_program(&rig, 0, 4096, 0), 0);
	rig_record(&rig, "t");
	rig.fault = (struct rig_fault){.at = 2, .rc = TWINFS_FLASH_PRETEND, .done = 16};
	ck_assert_int_eq(rig_program(&rig, UNIT, 64, 1), 0);
	twinfs_flash_spend(rig.flash, 1234);
	rig.fault = (struct rig_fault){.at = 3, .rc = -EIO, .done = 100};
	ck_assert_int_eq(twinfs_flash_erase(rig.flash, 0, UNIT), -EIO);
	ck_assert_int_eq(twinfs_flash_erase(rig.flash, UNIT, UNIT), 0);
	ck_assert_int_eq(rig_stop(&rig, NULL), 0);
	trace = rig_open("t");
	record = rig_next(trace, TWINFS_TRACE_PROGRAM);
	ck_assert_int_eq(record.result, 0);
	ck_assert_uint_eq(record.done, 16);
	ck_assert_uint_eq(record.cells_len, 16);
	record = rig_next(trace, TWINFS_TRACE_ERASE);
	ck_assert_int_eq(record.result, -EIO);
	ck_assert_uint_eq(record.time_ns, 16 * 500 + 500 + 1234);
	ck_assert_uint_eq(record.done, 100);
	ck_assert_uint_eq(record.cells_len, UNIT);
	ck_assert_uint_eq(record.cells[99], 0xff);
	ck_assert_uint_eq(record.cells[100], 0);
	record = rig_next(trace, TWINFS_TRACE_ERASE);
	ck_assert_uint_eq(record.time_ns, 16 * 500 + 500 + 1234);
	twinfs_trace_close(trace);
	rig_free(&rig);
	tempdir_leave();
}
END_TEST

START_TEST(a_trace_is_never_written_over)
{
	struct rig rig;
	struct twinfs_recorder_options options = {0};
	struct twinfs_recorder *recorder = NULL;
	struct twinfs_trace_part outside = {"x", "", SIZE, 1, 0};
	struct twinfs_error err = {0};

	tempdir_enter();
	rig_chip(&rig);
	tempdir_make("t", 3, 'x');
	ck_assert_int_eq(twinfs_recorder_new(rig.flash, "t", &options, &recorder, &err), -EEXIST);
	ck_assert_int_eq(err.problem, TWINFS_P_TRACE);
	ck_assert_str_eq(err.file, "t");
	ck_assert_int_eq(tempdir_byte("t", 2), 'x');
	options = (struct twinfs_recorder_options){.parts = &outside, .part_count = 1};
	ck_assert_int_eq(twinfs_recorder_new(rig.flash, "u", &options, &recorder, &err), -EINVAL);
	ck_assert_int_eq(access("u", F_OK), -1);
	rig_free(&rig);
	tempdir_leave();
}
END_TEST

START_TEST(what_was_flushed_is_there_while_it_goes_on)
{
	struct rig rig;
	struct twinfs_trace *trace;

	tempdir_enter();
	rig_chip(&rig);
	rig_record(&rig, "t");
	ck_assert_int_eq(rig_program(&rig, 0, 16, 0), 0);
	ck_assert_int_eq(twinfs_recorder_flush(rig.recorder), 0);
	ck_assert_int_eq(rig_program(&rig, 16, 16, 0), 0);
	ck_assert_uint_eq(twinfs_recorder_operations(rig.recorder), 2);
	trace = rig_open("t");
	ck_assert(twinfs_trace_info(trace)->is_truncated);
	ck_assert_uint_eq(twinfs_trace_info(trace)->operations, 1);
	twinfs_trace_close(trace);
	ck_assert_int_eq(rig_stop(&rig, NULL), 0);
	trace = rig_open("t");
	ck_assert(!twinfs_trace_info(trace)->is_truncated);
	ck_assert_uint_eq(twinfs_trace_info(trace)->operations, 2);
	twinfs_trace_close(trace);
	rig_free(&rig);
	tempdir_leave();
}
END_TEST

/* A limit on the size of files fails a write as a full disk does. */
START_TEST(a_full_disk_ends_the_recording_and_nothing_else)
{
	struct rlimit limit = {100000, RLIM_INFINITY};
	struct rig rig;
	struct twinfs_trace *trace;
	struct twinfs_error err = {0};
	int rc = 0, count;

	tempdir_enter();
	rig_chip(&rig);
	(void)signal(SIGXFSZ, SIG_IGN);
	rig_record(&rig, "t");
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (count = 0; count < 100 && !rc; count++) {
		ck_assert_int_eq(twinfs_flash_erase(rig.flash, 0, UNIT), 0);
		ck_assert_int_eq(rig_program(&rig, 0, UNIT, (uint8_t)count), 0);
		rc = rig_mark(&rig, TWINFS_MARK_NOTE, 0, "and on", 0);
	}
	ck_assert_int_eq(rc, -EFBIG);
	ck_assert_int_eq(rig_program(&rig, UNIT, UNIT, 0), 0);
	ck_assert_int_eq(twinfs_recorder_flush(rig.recorder), -EFBIG);
	ck_assert_int_eq(rig_stop(&rig, &err), -EFBIG);
	ck_assert_str_eq(err.file, "t");
	trace = rig_open("t");
	ck_assert(twinfs_trace_info(trace)->is_truncated);
	ck_assert_uint_gt(twinfs_trace_info(trace)->operations, 10);
	ck_assert_uint_lt(twinfs_trace_info(trace)->operations, 2u * (unsigned)count);
	twinfs_trace_close(trace);
	rig_free(&rig);
	tempdir_leave();
}
END_TEST

START_TEST(long_tags_are_cut_off_and_many_are_told_apart)
{
	struct rig rig;
	struct twinfs_trace *trace;
	struct twinfs_trace_record record;
	char tag[TWINFS_TRACE_TEXT_MAX + 100];

	tempdir_enter();
	rig_chip(&rig);
	rig_record(&rig, "t");
	memset(tag, 'x', sizeof(tag));
	tag[sizeof(tag) - 1] = '\0';
	ck_assert_int_eq(rig_mark(&rig, TWINFS_MARK_NOTE, 0, tag, 0), 0);
	for (int i = 0; i < 3000; i++) {
		rig.owner = tag;
		(void)snprintf(tag, sizeof(tag), "data /usr/%d", i % 1500);
		ck_assert_int_eq(rig_program(&rig, 0, 16, 0), 0);
	}
	ck_assert_int_eq(rig_stop(&rig, NULL), 0);
	trace = rig_open("t");
	record = rig_next(trace, TWINFS_TRACE_MARK);
	ck_assert_uint_eq(strlen(record.mark.path), TWINFS_TRACE_TEXT_MAX);
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(tag, sizeof(tag), "data /usr/%d", i % 1500);
		ck_assert_str_eq(rig_next(trace, TWINFS_TRACE_PROGRAM).owner, tag);
	}
	twinfs_trace_close(trace);
	rig_free(&rig);
	tempdir_leave();
}
END_TEST

RUN_CASES("fault/trace", records_lead_from_the_old_image_to_the_new_and_back,
	operations_keep_number_time_owner_and_result, marks_say_what_began_and_how_it_ended,
	what_never_began_cannot_end_and_only_eight_go_on_at_once,
	each_kind_of_change_keeps_what_goes_with_it, several_threads_are_recorded_at_once,
	the_bytes_are_those_of_the_document, what_faults_made_of_operations_is_in_the_trace,
	a_trace_is_never_written_over, what_was_flushed_is_there_while_it_goes_on,
	a_full_disk_ends_the_recording_and_nothing_else,
	long_tags_are_cut_off_and_many_are_told_apart)
