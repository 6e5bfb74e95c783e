/* SPDX-License-Identifier: MIT */
/*
 * fuzz_control.c - the files of .twinfs/ that take words: faults, power and trace;
 * and what status, wear, supply and power say after that.
 *
 * The module is off throughout, so that no cut has to be cleared up: that is the
 * worker's, who needs a kernel. Each piece of the input, between bytes 0xff, is
 * written to one of the files, and then that is read in pieces.
 *
 * Nothing but what is understood has an answer without "error:"; rules that were added
 * are as many as numbers are in the answer; what the files say are whole lines, and
 * JSON where it has to be.
 */
#include "fuzz.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "anon_file.h"
#include "emulator/control.h"
#include "emulator/fault_control.h"
#include "emulator/node.h"
#include "emulator/state.h"
#include "emulator/trace_control.h"

enum {
	CHIP = 64 * 1024,
	PIECES = 24,
	PIECE_MAX = 2000,
};

static const char profile[] =
	"{\"name\": \"small\", \"modules\": \"tests\", \"chip_size\": \"64K\", \"partitions\": {"
	"\"customer_fs\": {\"addr\": \"4K\", \"size\": \"16K\"}, "
	"\"customer_backup_fs\": {\"addr\": \"32K\", \"size\": \"8K\"}}, "
	"\"filesystem\": {\"format\": 1, \"block_size\": 512, \"prog_size\": 512, "
	"\"spare_blocks\": 1}, \"boot\": {\"restores\": true, \"writes_settings\": true}, "
	"\"flash\": {\"read_size\": 1, \"prog_size\": 64, \"erase_size\": 512, \"strict\": true, "
	"\"read_ns_per_kib\": 20000, \"page_size\": 256, \"program_page_ns\": 700000, "
	"\"erase_unit_ns\": 60000000}}";

static void emu_begin(struct tw_emu *emu, const struct tw_daemon_options *options)
{
	static struct anon_file chip, profile_file;
	struct twinfs_source source = {0};
	struct twinfs_error err = {0};
	int rc;

	if (!chip.path[0])
		anon_file_set(&chip, "", 0, CHIP);
	if (!profile_file.path[0])
		anon_file_set(&profile_file, profile, strlen(profile), strlen(profile));
	source.image = chip.path;
	source.profile = profile_file.path;
	*emu = (struct tw_emu){.options = options, .log = {.level = TW_EMU_ERROR}};
	(void)pthread_rwlock_init(&emu->power, NULL);
	tw_emu_events_init(&emu->events);
	rc = twinfs_module_open(&source, &options->module, &emu->module, &err);
	fuzz_must(rc == 0, "%s", err.text);
	emu->flash = twinfs_module_flash(emu->module);
	rc = tw_emu_faults_begin(emu, &err);
	fuzz_must(rc == 0, "%s", err.text);
}

static void emu_end(struct tw_emu *emu)
{
	struct twinfs_error err = {0};

	(void)tw_emu_trace_end(emu, &err);
	twinfs_module_close(emu->module);
	tw_emu_events_release(&emu->events);
	free(emu->trace.path);
	(void)pthread_rwlock_destroy(&emu->power);
}

/* ---- what files say ---- */

static void check_json(const char *text)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, (int)strlen(text));
	fuzz_must(json_object_is_type(object, json_type_object), "%s", text);
	json_object_put(object);
	json_tokener_free(tokener);
}

static void check_text(struct tw_emu *emu, uint64_t ino, bool is_json)
{
	char *text = NULL;

	fuzz_hold(tw_emu_control_text(emu, ino, &text) == 0);
	fuzz_hold(*text && text[strlen(text) - 1] == '\n');
	if (is_json)
		check_json(text);
	free(text);
}

static void check_events(struct tw_emu *emu)
{
	struct tw_emu_place place = {0};
	char text[8192];
	ssize_t len;

	while ((len = tw_emu_events_read(&emu->events, &place, text, sizeof(text) - 1)) > 0) {
		char *rest = text, *line;

		text[len] = '\0';
		fuzz_hold(text[len - 1] == '\n' || len == sizeof(text) - 1);
		if (text[len - 1] != '\n')
			break;
		while ((line = strsep(&rest, "\n")))
			if (*line)
				check_json(line);
	}
	fuzz_hold(len >= 0 || len == -EAGAIN);
	tw_emu_place_release(&place);
}

/* ---- commands ---- */

static size_t read_all(struct tw_emu_command_file *file, char *text, size_t room, size_t piece)
{
	size_t len = 0;
	ssize_t got;

	while (len < room - 1 && (got = tw_emu_command_file_read(file, text + len,
					  piece < room - 1 - len ? piece : room - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	return len;
}

/* Writes @text, and reads what came of it. */
static int command(struct tw_emu *emu, const struct tw_emu_commands *commands, const char *text,
	size_t len)
{
	struct tw_emu_command_file *file = tw_emu_command_file_new(emu, commands);
	char answer[8192];
	int rc;

	fuzz_hold(file);
	rc = tw_emu_command_file_write(file, text, len);
	fuzz_hold(rc <= 0);
	(void)read_all(file, answer, sizeof(answer), 1 + len % 300);
	fuzz_hold(rc == 0 || !strncmp(answer, "error: ", 7) || memchr(text, '\0', len));
	fuzz_hold(rc != 0 || strncmp(answer, "error: ", 7) != 0);
	tw_emu_command_file_free(file);
	return rc;
}

static void list(struct tw_emu *emu, const struct tw_emu_commands *commands)
{
	struct tw_emu_command_file *file = tw_emu_command_file_new(emu, commands);
	char *text = malloc(1 << 17);

	fuzz_hold(file && text);
	fuzz_hold(read_all(file, text, 1 << 17, 4096) > 0);
	free(text);
	tw_emu_command_file_free(file);
}

/* No path that the input names: it could be one of this computer's. */
static void record(struct tw_emu *emu, const char *text, size_t len)
{
	char room[100], line[128];
	const char *path = anon_path(room, "trace");
	int rc;

	if (memchr(text, '/', len)) {
		(void)snprintf(line, sizeof(line), "%s %s", len % 2 ? "start" : "hold", path);
		rc = command(emu, &tw_emu_trace_commands, line, strlen(line));
		fuzz_hold(rc == 0 || rc == -EALREADY || rc == -EEXIST);
	} else {
		(void)command(emu, &tw_emu_trace_commands, text, len);
	}
	if (!twinfs_module_is_recording(emu->module))
		(void)unlink(path);
}

static void put_piece(struct tw_emu *emu, const char *text, size_t len)
{
	enum tw_emu_word word;
	unsigned what = len ? (uint8_t)*text : 0;

	switch (what % 4) {
	case 0:
	case 1:
		(void)command(emu, &tw_emu_fault_commands, text + 1, len - 1);
		break;
	case 2:
		record(emu, text + 1, len - 1);
		break;
	case 3:
		(void)tw_emu_control_parse(text + 1, len - 1, &word);
		break;
	}
}

/* ---- the whole ---- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tw_daemon_options options = {
		.module = {.image_flags = TWINFS_IMAGE_SCRATCH}};
	const uint8_t *end = data + size;
	static struct tw_emu emu;

	emu_begin(&emu, &options);
	for (unsigned i = 0; data < end && i < PIECES; i++) {
		const uint8_t *next = memchr(data, 0xff, (size_t)(end - data));
		size_t len = (size_t)((next ? next : end) - data);

		if (len && len <= PIECE_MAX)
			put_piece(&emu, (const char *)data, len);
		data += len + (next != NULL);
	}
	list(&emu, &tw_emu_fault_commands);
	list(&emu, &tw_emu_trace_commands);
	check_text(&emu, TW_EMU_INO_STATUS, true);
	check_text(&emu, TW_EMU_INO_WEAR, true);
	check_text(&emu, TW_EMU_INO_SUPPLY, false);
	check_text(&emu, TW_EMU_INO_POWER, false);
	check_events(&emu);
	emu_end(&emu);
	return 0;
}
