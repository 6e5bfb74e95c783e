/* SPDX-License-Identifier: MIT */
/* test_trace_hostile.c - traces that are cut short, damaged, or made by somebody who means ill. */
#include "trace_rig.h"

#include <sys/stat.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "base/file.h"
#include "base/random.h"
#include "lib/chip.h"

struct bytes {
	uint8_t *data;
	size_t len;
};

static struct bytes read_all(const char *path)
{
	struct bytes bytes;
	char *data;

	ck_assert_int_eq(tw_file_read(path, 1 << 20, &data, &bytes.len), 0);
	bytes.data = (uint8_t *)data;
	return bytes;
}

static struct bytes good_trace(void)
{
	struct rig rig;

	rig_run_all(&rig, "good");
	ck_assert_int_eq(rig_stop(&rig, NULL), 0);
	rig_free(&rig);
	return read_all("good");
}

/* What opening the bytes says; walks over all when it says 0, summary included. */
static int try(const uint8_t *data, size_t len, struct twinfs_trace_info *ret_info)
{
	struct twinfs_trace *trace = NULL;
	struct twinfs_trace_summary summary;
	struct twinfs_trace_record record;
	struct twinfs_error err = {0};
	uint64_t records = 0;
	bool ok = true;
	int rc;

	FILE *file = fopen("tried", "we");

	ck_assert(file && fwrite(data, 1, len, file) == len && !fclose(file));
	rc = twinfs_trace_open("tried", &trace, &err);
	if (rc) {
		ck_assert_int_eq(err.code, rc);
		ck_assert_int_eq(err.problem, TWINFS_P_TRACE);
		ck_assert_ptr_null(strchr(err.text, '\n'));
		ck_assert_str_eq(err.file, "tried");
		return rc;
	}
	/* One assertion for all: each costs a system call. */
	while (twinfs_trace_next(trace, &record)) {
		records++;
		ok &= record.kind == TWINFS_TRACE_MARK ||
		      (tw_is_within(record.addr, record.len, twinfs_trace_info(trace)->chip_size) &&
			      record.cells_len <= record.len);
	}
	ck_assert(ok);
	ck_assert_uint_eq(records, twinfs_trace_info(trace)->records);
	ck_assert_int_eq(twinfs_trace_summarise(trace, NULL, &summary), 0);
	twinfs_trace_summary_release(&summary);
	*ret_info = *twinfs_trace_info(trace);
	twinfs_trace_close(trace);
	return 0;
}

/* Makes the CRCs right again, as far as the chunks are chunks. */
static void mend(struct bytes *bytes)
{
	size_t off = 8;

	while (tw_is_within(off, 12, bytes->len)) {
		uint8_t *head = bytes->data + off;
		uint32_t len = tw_le32(head + 4);

		if (!tw_is_within(off + 12, len, bytes->len))
			return;
		tw_put_le32(head + 8, tw_crc32(tw_crc32(0, head, 8), head + 12, len));
		off += 12 + len;
	}
}

/* Where the chunk of that kind begins. */
static size_t chunk_at(const struct bytes *bytes, uint32_t kind)
{
	size_t off = 8;

	while (tw_le32(bytes->data + off) != kind)
		off += 12 + tw_le32(bytes->data + off + 4);
	return off;
}

START_TEST(cut_off_at_any_byte_it_is_good_up_to_the_last_whole_chunk)
{
	struct twinfs_trace_info info;
	struct bytes good;
	size_t first, end;

	tempdir_enter();
	good = good_trace();
	first = chunk_at(&good, 2);
	end = chunk_at(&good, 3);
	for (size_t len = 0; len <= good.len; len++) {
		int rc = try(good.data, len, &info);

		ck_assert_int_eq(rc, len < first ? -EUCLEAN : 0);
		if (rc)
			continue;
		ck_assert_int_eq(info.is_truncated, len < good.len);
		ck_assert_uint_eq(info.operations, len < end ? 0 : 5);
		ck_assert_uint_eq(info.end, len < end ? first : len < good.len ? end : good.len);
	}
	free(good.data);
	tempdir_leave();
}
END_TEST

START_TEST(a_byte_that_changed_is_found)
{
	struct twinfs_trace_info info;
	struct bytes good;

	tempdir_enter();
	good = good_trace();
	for (size_t i = 0; i < good.len; i++) {
		int rc;

		good.data[i] ^= 0x10;
		rc = try(good.data, good.len, &info);
		/* a length that goes beyond the file is what a killed writer leaves */
		ck_assert_msg(rc == -EBADMSG || rc == -EUCLEAN || info.is_truncated, "byte %zu", i);
		good.data[i] ^= 0x10;
	}
	free(good.data);
	tempdir_leave();
}
END_TEST

START_TEST(mutations_with_right_checksums_are_refused_or_harmless)
{
	uint64_t state = test_seed(4);
	struct twinfs_trace_info info;
	struct bytes good;
	unsigned opened = 0;

	tempdir_enter();
	good = good_trace();
	for (unsigned round = 0; round < 4000; round++) {
		struct bytes bad = {malloc(good.len), good.len};
		unsigned count = 1 + (unsigned)(test_random(&state) % 3);

		ck_assert_ptr_nonnull(bad.data);
		memcpy(bad.data, good.data, good.len);
		while (count--) {
			size_t at = 8 + (size_t)(test_random(&state) % (good.len - 8));

			bad.data[at] = (uint8_t)test_random(&state);
		}
		mend(&bad);
		opened += !try(bad.data, bad.len, &info);
		free(bad.data);
	}
	ck_assert_uint_gt(opened, 100);
	ck_assert_uint_lt(opened, 3900);
	free(good.data);
	tempdir_leave();
}
END_TEST

/* One change each to the header of a good trace, and the whole chunk to go with it. */
START_TEST(headers_that_make_no_sense_are_refused)
{
	static const struct {
		size_t at; /* in the content of the header */
		uint8_t value;
		int rc;
	} cases[] = {
		{0, 2, -ENOTSUP},                         /* version */
		{8, 0, -EUCLEAN},                         /* program size 0 */
		{12, 1, -EUCLEAN},                        /* erase size 4097 */
		{8, 48, -EUCLEAN},                        /* program size that does not divide */
		{17, 0, -EUCLEAN},                        /* a chip of 0 bytes */
		{17, 16, -EUCLEAN},                       /* partitions outside of the chip */
		{100, 17, -EUCLEAN},                      /* number of partitions */
		{100, 1, -EUCLEAN}, {136, 200, -EUCLEAN}, /* length of a name */
	};
	struct twinfs_trace_info info;
	struct bytes good;

	tempdir_enter();
	good = good_trace();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t *byte = good.data + 8 + 12 + cases[i].at, old = *byte;
		int rc;

		*byte = cases[i].value;
		mend(&good);
		rc = try(good.data, good.len, &info);
		ck_assert_msg(rc == cases[i].rc, "case %zu: %d", i, rc);
		*byte = old;
	}
	free(good.data);
	tempdir_leave();
}
END_TEST

/* Records, put in the place of those of a good trace, and what is wrong with them. */
START_TEST(records_that_make_no_sense_are_refused)
{
	static const struct {
		uint8_t bytes[24];
		uint8_t len;
	} cases[] = {
		{{0x06}, 1},                               /* no such kind */
		{{0x11, 0x00}, 2},                         /* ends in the middle */
		{{0x83, 0x00, 0x00}, 3},                   /* flags of a flip */
		{{0x03, 0x80, 0x80, 0x02, 0x00}, 5},       /* a flip behind the chip */
		{{0x02, 0x00, 0x08}, 3},                   /* an erase behind it */
		{{0x02, 0x01, 0x00}, 3},                   /* a text that is not there */
		{{0x01, 0x00, 0x01, 0x01, 0x00}, 5},       /* a program in front of it */
		{{0x01, 0x00, 0x00, 0x81, 0x10, 0x00}, 6}, /* a program over its end */
		{{0x01, 0x00, 0x00, 0x01, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
			22},
		{{0x21, 0x00, 0x00, 0x01, 0x11, 0x05, 0x00}, 7}, /* more was done than asked */
		{{0x21, 0x00, 0x00, 0x01, 0x10, 0x80, 0x20, 0x00}, 8}, /* no errno */
		{{0x04, 0x08, 0x00}, 3},             /* old bytes behind the chip */
		{{0x0c, 0x00, 0x81, 0x20, 0x00}, 5}, /* more than a unit has */
		{{0x00, 0x02, 'a', 0x00, 0x00}, 5},  /* a NUL in a text */
		{{0x00, 0x02, 'a', 'b', 'c'}, 5},    /* none behind it */
		{{0x00, 0x80, 0x20, 0x00}, 4},       /* longer than texts can be */
		{{0x05, 0x08}, 2},                   /* no such mark */
		{{0x05, 0x03, 0x00, 0x00}, 4},       /* ends what never began */
		{{0x05, 0x04, 0x08, 0x00}, 4},       /* no such place */
		{{0x05, 0x04, 0x01, 0x00, 0x05, 0x04, 0x01, 0x00}, 8}, /* taken */
		{{0x05, 0x04, 0x01, 0x00, 0x05, 0x03, 0x01, 0x00}, 8}, /* of another kind */
		{{0x05, 0x00, 0x00, 0x00, 0x00}, 5},                   /* no change */
		{{0x05, 0x00, 0x00, 0x08, 0x00}, 5},                   /* no such change */
		{{0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x00}, 12},
		{{0x02, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00},
			13},
		{{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x00, 0x00},
			13},
	};
	struct twinfs_trace_info info;
	struct bytes good;
	size_t at;

	tempdir_enter();
	good = good_trace();
	at = chunk_at(&good, 2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t file[512];
		struct bytes bad = {file, at + 12 + cases[i].len};
		int rc;

		memcpy(file, good.data, at + 12);
		tw_put_le32(file + at + 4, cases[i].len);
		memcpy(file + at + 12, cases[i].bytes, cases[i].len);
		mend(&bad);
		rc = try(file, bad.len, &info);
		ck_assert_msg(rc == -EUCLEAN, "case %zu: %d", i, rc);
	}
	free(good.data);
	tempdir_leave();
}
END_TEST

START_TEST(the_end_has_to_be_the_end_and_count_right)
{
	struct twinfs_trace_info info;
	struct bytes good;
	size_t end;

	tempdir_enter();
	good = good_trace();
	end = chunk_at(&good, 3);
	ck_assert_int_eq(try(good.data, good.len, &info), 0);
	for (size_t field = 0; field < 3; field++) {
		good.data[end + 12 + 8 * field]++;
		mend(&good);
		ck_assert_int_eq(try(good.data, good.len, &info), -EUCLEAN);
		good.data[end + 12 + 8 * field]--;
	}
	mend(&good);
	good.data = realloc(good.data, good.len + 1);
	ck_assert_ptr_nonnull(good.data);
	good.data[good.len] = 0;
	ck_assert_int_eq(try(good.data, good.len + 1, &info), -EUCLEAN);
	tw_put_le32(good.data + end, 4);
	mend(&good);
	ck_assert_int_eq(try(good.data, good.len, &info), -EUCLEAN);
	free(good.data);
	tempdir_leave();
}
END_TEST

START_TEST(what_is_no_file_is_no_trace)
{
	struct twinfs_trace *trace;
	struct twinfs_error err = {0};

	tempdir_enter();
	ck_assert_int_eq(twinfs_trace_open("missing", &trace, &err), -ENOENT);
	ck_assert_str_eq(err.file, "missing");
	ck_assert_int_eq(twinfs_trace_open(".", &trace, &err), -EISDIR);
	ck_assert_int_eq(mkfifo("pipe", 0600), 0);
	ck_assert_int_eq(twinfs_trace_open("pipe", &trace, &err), -EINVAL);
	twinfs_trace_close(NULL);
	tempdir_leave();
}
END_TEST

RUN_CASES("fault/trace_hostile", cut_off_at_any_byte_it_is_good_up_to_the_last_whole_chunk,
	a_byte_that_changed_is_found, mutations_with_right_checksums_are_refused_or_harmless,
	headers_that_make_no_sense_are_refused, records_that_make_no_sense_are_refused,
	the_end_has_to_be_the_end_and_count_right, what_is_no_file_is_no_trace)
