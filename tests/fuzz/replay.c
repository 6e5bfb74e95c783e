/* SPDX-License-Identifier: MIT */
/*
 * replay.c - runs a fuzz target over inputs that are kept, without libFuzzer.
 *
 *	fuzz_NAME [--mutations N] FILE|FOLDER...
 *
 * Each input also gives N others, which are the same in every run. An input that
 * the target objects to ends the program, and the last line says which it was.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM ((size_t)1 << 20) /* bytes of the largest input */

#pragma weak LLVMFuzzerCustomMutator

static char current[4096];
static uint64_t chance;
static unsigned mutations;

static void tell_input(int signal_number)
{
	static const char words[] = "\ninput: ";

	/* Nothing can be done when these fail: the program is about to end. */
	if (write(STDERR_FILENO, words, sizeof(words) - 1) < 0 ||
		write(STDERR_FILENO, current, strlen(current)) < 0 ||
		write(STDERR_FILENO, "\n", 1) < 0)
		_exit(1);
	(void)signal(signal_number, SIG_DFL);
	(void)raise(signal_number);
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room)
{
	for (unsigned i = 0, count = 1 + (unsigned)(fuzz_random(&chance) % 4); i < count; i++) {
		uint64_t pick = fuzz_random(&chance);

		if (pick % 4 == 0 && size < room)
			data[size++] = (uint8_t)(pick >> 8);
		else if (pick % 4 == 1 && size > 1)
			size--;
		else if (size)
			data[(pick >> 8) % size] ^= (uint8_t)(1u << (pick >> 4) % 8);
	}
	return size;
}

static void run_mutations(const uint8_t *data, size_t size)
{
	uint8_t *other = malloc(ROOM);

	fuzz_must(other, "no memory");
	for (unsigned i = 0; i < mutations; i++) {
		size_t room = size + 256 < ROOM ? size + 256 : ROOM, made;
		uint8_t *exact;

		chance = i + 1;
		memcpy(other, data, size);
		made = LLVMFuzzerCustomMutator ? LLVMFuzzerCustomMutator(other, size, room, i + 1)
					       : LLVMFuzzerMutate(other, size, room);
		/* of its true size, so that a sanitizer sees what is read behind it */
		exact = malloc(made ? made : 1);
		fuzz_must(exact && made <= room, "a mutation of %zu bytes", made);
		memcpy(exact, other, made);
		(void)LLVMFuzzerTestOneInput(exact, made);
		free(exact);
	}
	free(other);
}

/* False when the file cannot be read, or is too large. */
static bool run_file(const char *path)
{
	FILE *file = fopen(path, "re");
	uint8_t *data = malloc(ROOM), *exact = NULL;
	size_t size = 0;
	bool ok = file && data;

	if (ok)
		size = fread(data, 1, ROOM, file);
	ok = ok && !ferror(file) && size < ROOM;
	if (file)
		(void)fclose(file); /* it was only read */
	exact = malloc(size ? size : 1);
	if (ok && exact) {
		(void)snprintf(current, sizeof(current), "%s", path);
		memcpy(exact, data, size);
		(void)LLVMFuzzerTestOneInput(exact, size);
		run_mutations(exact, size);
	}
	free(exact);
	free(data);
	return ok;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* How many inputs there were; -1: not all could be read. */
static int run_path(const char *path)
{
	struct dirent **list;
	int count = scandir(path, &list, is_visible, alphasort);
	bool ok = true;

	if (count < 0)
		return errno == ENOTDIR && run_file(path) ? 1 : -1;
	for (int i = 0; i < count; i++) {
		char name[4096];

		(void)snprintf(name, sizeof(name), "%s/%s", path, list[i]->d_name);
		ok = run_file(name) && ok;
		free(list[i]);
	}
	free(list);
	return ok ? count : -1;
}

int main(int argc, char **argv)
{
	static const int bad[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM};
	int first = 1;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		(void)signal(bad[i], tell_input);
	if (argc > 2 && !strcmp(argv[1], "--mutations")) {
		mutations = (unsigned)strtoul(argv[2], NULL, 10);
		first = 3;
	}
	for (int i = first; i < argc; i++) {
		int count = run_path(argv[i]);

		if (count <= 0) {
			fprintf(stderr, "%s: %s\n", argv[i],
				count ? "cannot be read" : "no inputs");
			return 1;
		}
		printf("%s: %d inputs, each with %u mutations\n", argv[i], count, mutations);
	}
	return first == argc;
}
