#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""plants.py - the table of planted bugs: small, wrong edits of single source files.

Each is a mistake that people make about power loss. The product has no switch for
any of them: plant.py writes a copy of the source with the edit, and the copy is
linked in place of the original, into one test program a bug.

A row: the source, the edits (old text, found exactly once, and new text), the scene
of scenes.c that brings it out, the cuts in a row (1 unless it says 2), and the kind
of a finding with texts that have to stand in one line of it. The line begins with
where the power was cut and whom the operation was for; so the texts name the
operation, the object, and what became of it.

Called as a program it prints, for meson.build, a line a plant: its name, its source,
and what the test program is called with.
"""

PLANTS = {
    # ---- littlefs 1 ----
    'lfs1-writes-over-current': {
        'why': 'a commit erases the half of the pair that is in force, not the other one',
        'file': 'src/lfs/v1_commit.c',
        'scene': 'lfs1-files',
        'finding': ['lost',
                    'erase',
                    'metadata /usr: /usr/big.bin is missing: it should be version 1'],
        'edits': [('mdir->pair.block[1],\n', 'mdir->pair.block[0],\n'),
                  ('\ttw_pair_swap_halves(mdir);\n', '')],
    },
    'lfs1-revision-stands-still': {
        'why': 'a new version of a pair has the revision of the old one',
        'file': 'src/lfs/v1_commit.c',
        'scene': 'lfs1-files',
        'finding': ['version',
                    'data /usr/config.json: /usr/config.json is neither version 2 '
                    '(acknowledged in operation',
                    'nor 3 (in flight): it is version 1'],
        'edits': [('tw_put_le32(start, mdir->rev + 1);', 'tw_put_le32(start, mdir->rev);'),
                  ('\tmdir->rev++;\n', '')],
    },
    'lfs1-believes-torn-halves': {
        'why': 'the CRC of a half is not looked at',
        'file': 'src/lfs/v1_disk.c',
        'scene': 'lfs1-files',
        'finding': ['lost',
                    'program',
                    'metadata /usr: /usr/main.py is missing: it should be version 1'],
        'edits': [('half->len <= block_size &&\n'
                   '\t       tw_crc32_raw(UINT32_MAX, bytes, half->len) == 0;\n',
                   'half->len <= block_size;\n')],
    },
    'lfs1-rename-removes-first': {
        'why': 'a rename deletes the old name before it has made the new one',
        'file': 'src/lfs/v1_tree.c',
        'scene': 'lfs1-renames',
        'finding': ['rename',
                    'metadata /usr/b: the rename of /usr/a/two to /usr/b/two is '
                    'half done: neither is there'],
        'edits': [('\tif (!rc)\n\t\trc = write_destination(volume, dir, twin, replaced);\n',
                   '\tif (!rc)\n\t\trc = tw_v1_remove_entry(volume, node);\n'
                   '\tif (!rc)\n\t\trc = write_destination(volume, dir, twin, replaced);\n'),
                  ('\trc = tw_v1_remove_entry(volume, twin);\n',
                   '\tif (twin->mdir)\n\t\trc = tw_v1_remove_entry(volume, twin);\n')],
    },
    'lfs1-rename-without-mark': {
        'why': 'a rename does not mark the old name as moving',
        'file': 'src/lfs/v1_tree.c',
        'scene': 'lfs1-renames',
        'finding': ['rename',
                    'metadata /usr/a: the rename of /usr/a/two to /usr/b/two is '
                    'half done: both are there'],
        'edits': [('\trc = set_mark(volume, node, true);\n', '\trc = 0;\n')],
    },
    'lfs1-orphans-stay': {
        'why': 'a removed directory that a cut left on the thread is not taken off it',
        'file': 'src/lfs/v1_repair.c',
        'scene': 'lfs1-directories',
        'finding': ['going_on',
                    'metadata /usr/dir/sub: after the first change: block',
                    'a removed directory is still on the thread'],
        'edits': [('\twhile (!rc && mdir->next) {', '\twhile (!rc && mdir->next && rc) {')],
    },
    'lfs1-mkdir-names-it-first': {
        'why': 'the entry of a new directory is written before its pair is',
        'file': 'src/lfs/v1_tree.c',
        'scene': 'lfs1-directories',
        'finding': ['version',
                    'erase',
                    'metadata: /usr/dir is neither missing (as before the run) nor '
                    'a directory (in flight): it is unreadable'],
        'edits': [('\t\trc = tw_v1_new_pair(volume, node, &empty, &child);\n\t\tif (!rc) {\n',
                   '\t\trc = tw_pair_new(volume, &child);\n\t\tif (!rc) {\n'
                   '\t\t\tchild->dir = node;\n'),
                  ('\t\trc = append_entry(volume, dir, node, child);\n',
                   '\t\trc = append_entry(volume, dir, node, child);\n'
                   '\tif (!rc && child)\n\t\trc = tw_v1_commit(volume, child, &empty);\n')],
    },
    'lfs1-rmdir-leaves-thread-first': {
        'why': 'a directory is taken off the thread before its entry is removed',
        'file': 'src/lfs/v1_tree.c',
        'scene': 'lfs1-directories',
        'finding': ['check',
                    'metadata /usr: block',
                    'a pair of the tree is not on the thread'],
        'edits': [('\tint rc = tw_v1_remove_entry(volume, node);\n\n'
                   '\treturn rc ? rc : dispose(volume, node);\n',
                   '\tstruct tw_mdir *first = node->kind == TW_FILE ? NULL : node->dir.first;\n'
                   '\tint rc = 0;\n\n'
                   '\tif (first && first->prev) {\n'
                   '\t\tconst struct tw_v1_edit edit = {.sets_tail = true, .tail = first->tail,\n'
                   '\t\t\t.more = first->prev->more};\n\n'
                   '\t\trc = tw_v1_commit(volume, first->prev, &edit);\n'
                   '\t}\n'
                   '\trc = rc ?: tw_v1_remove_entry(volume, node);\n'
                   '\treturn rc ? rc : dispose(volume, node);\n')],
    },
    'lfs1-new-pair-is-older': {
        'why': 'a new pair begins at revision 1, whatever its unwritten half holds from before',
        'file': 'src/lfs/pairs.c',
        'scene': 'lfs1-reuse',
        'finding': ['back', 'metadata /usr/dir: /usr/dir/0 is back as an empty file: '
                    'its removal was acknowledged in operation'],
        'edits': [('rev = tw_pair_stale_revision(&volume->area, pair.block[0]) + 1;', 'rev = 0;')],
    },
    # ---- content, both versions ----
    'content-in-place': {
        'why': 'new content is written over the blocks of the old one',
        'file': 'src/lfs/content.c',
        'scene': 'lfs2-files',
        'finding': ['version',
                    'erase',
                    'data /usr/big.bin: /usr/big.bin is neither version 1 (from '
                    'before the run) nor 2 (in flight): it is unknown content'],
        'edits': [('\t\trc = tw_alloc_block(volume, &blocks[index]);\n',
                   '\t\tif (index < tw_ctz_blocks_of(volume, node)) {\n'
                   '\t\t\tblocks[index] = node->file.blocks[index];\n'
                   '\t\t\trc = 0;\n'
                   '\t\t} else {\n'
                   '\t\t\trc = tw_alloc_block(volume, &blocks[index]);\n'
                   '\t\t}\n'),
                  ('\tfree_blocks(volume, node->file.blocks, first, old_count);\n'
                   '\tfree(node->file.blocks);\n\tnode->file.blocks = blocks;\n',
                   '\tfree_blocks(volume, node->file.blocks, count, old_count);\n'
                   '\tfree(node->file.blocks);\n\tnode->file.blocks = blocks;\n')],
    },
    'content-behind-metadata': {
        'why': 'the entry of a file names its new blocks before they are written',
        'file': 'src/lfs/content.c',
        'scene': 'lfs1-files',
        'finding': ['version',
                    'data /usr/big.bin: /usr/big.bin is neither version 1 (from '
                    'before the run) nor 2 (in flight): it is unreadable'],
        'edits': [('\t\trc = tw_area_write_block(&volume->area, blocks[index], parts, 2);\n',
                   '\t\trc = 0;\n'),
                  ('\tfree_blocks(volume, node->file.blocks, first, old_count);\n'
                   '\tfree(node->file.blocks);\n\tnode->file.blocks = blocks;\n',
                   '\tfor (uint32_t i = first; i < count && !rc; i++) {\n'
                   '\t\tuint32_t used = tw_ctz_put_header(blocks, i, volume->scratch);\n'
                   '\t\tstruct iovec parts[2] = {{volume->scratch, used}};\n'
                   '\t\trc = content_of_block(volume, node, i, used, &parts[1]);\n'
                   '\t\tvolume->subject.file = node;\n'
                   '\t\tif (!rc)\n'
                   '\t\t\trc = tw_area_write_block(&volume->area, blocks[i], parts, 2);\n'
                   '\t\tvolume->subject.file = NULL;\n'
                   '\t}\n'
                   '\tif (rc)\n\t\treturn rc;\n'
                   '\tfree_blocks(volume, node->file.blocks, first, old_count);\n'
                   '\tfree(node->file.blocks);\n\tnode->file.blocks = blocks;\n')],
    },
    'sync-that-does-nothing': {
        'why': 'a sync is acknowledged, and nothing is written',
        'file': 'src/lfs/content.c',
        'scene': 'lfs1-files',
        'finding': ['version',
                    '/usr/config.json is not version 9 (acknowledged',
                    'it is version 1'],
        'edits': [('tw_watch_end(volume, sync_content(volume, node));\n',
                   'tw_watch_end(volume, node->file.size ? 0 : sync_content(volume, node));\n')],
    },
    'alloc-forgets-closed-files': {
        'why': 'blocks of files that nobody has open count as free',
        'file': 'src/lfs/alloc.c',
        'scene': 'lfs1-files',
        'finding': ['version',
                    'erase',
                    'data /usr/config.json: /usr/logo.bin is not version 1 (from '
                    'before the run): it is unreadable'],
        'edits': [('node->kind != TW_FILE || node->is_void)',
                   'node->kind != TW_FILE || !node->file.opens)')],
    },
    # ---- littlefs 2 ----
    'lfs2-rename-forgets-source': {
        'why': 'a rename between two pairs says nothing of it in the global state',
        'file': 'src/lfs/v2_tree.c',
        'scene': 'lfs2-renames',
        'finding': ['rename',
                    'metadata /usr/a: the rename of /usr/a/two to /usr/b/two is '
                    'half done: both are there'],
        'edits': [('\tvolume->wanted = (struct tw_gstate){{flag | tw_v2_tag(TW_V2_DELETE, id, 0),\n'
                   '\t\tmove->from->pair.block[0], move->from->pair.block[1]}};\n',
                   '\t(void)flag;\n\t(void)id;\n'),
                  ('\tstatic const struct tw_v2_edit nothing;\n\tstruct tw_pair pair;\n'
                   '\tunsigned id;\n\tint rc;\n\n'
                   '\tdo\n\t\trc = tw_v2_try(volume, from, &nothing);\n'
                   '\twhile (tw_v2_made_way(volume, &rc) && '
                   'tw_v2_pending_move(&volume->wanted, &pair, &id));\n',
                   '\tstruct tw_v2_edit drop = {0};\n\tint rc;\n\n'
                   '\tfor (unsigned i = 0; i < from->count; i++)\n'
                   '\t\tif (from->entries[i]->is_void)\n'
                   '\t\t\tdrop.dropped = from->entries[i];\n'
                   '\trc = tw_v2_commit(volume, from, &drop);\n')],
    },
    'lfs2-orphans-unannounced': {
        'why': 'the flag that the thread may hold a removed directory is never set',
        'file': 'src/lfs/v2_commit.c',
        'scene': 'lfs2-directories',
        'finding': ['check',
                    'metadata /usr/dir/sub: block',
                    'a removed directory is on the thread, and the orphan flag is not set'],
        'edits': [('\tif (more || volume->pending.orphans || volume->pending.desyncs)\n',
                   '\tif (more || volume->pending.desyncs)\n')],
    },
    'lfs2-compacts-in-place': {
        'why': 'a pair is written anew over the block that is in force',
        'file': 'src/lfs/v2_rewrite.c',
        'scene': 'lfs2-files',
        'finding': ['formatted',
                    'erase',
                    'metadata /usr: /usr could not be mounted and was formatted'],
        'edits': [('&plan->volume->area, mdir->pair.block[1],\n',
                   '&plan->volume->area, mdir->pair.block[0],\n'),
                  ('\ttw_pair_swap_halves(mdir);\n', '')],
    },
    'lfs2-believes-torn-commits': {
        'why': 'the CRC of a commit is not looked at',
        'file': 'src/lfs/v2_disk.c',
        'scene': 'lfs2-files',
        'finding': ['version',
                    'program',
                    'metadata /usr: /usr/config.json is neither version 1 (from '
                    'before the run) nor 2 (in flight): it is unknown content'],
        'edits': [('\tuint32_t covered = off + TW_V2_TAG_SIZE - start;\n\n', ''),
                  ('\treturn len >= 4 && tw_le32(block + off + TW_V2_TAG_SIZE) ==\n'
                   '\t\t\t\t   tw_crc32_raw(UINT32_MAX, block + start, covered);\n',
                   '\t(void)block, (void)start, (void)off;\n\treturn len >= 4;\n')],
    },
    'lfs2-tells-thread-first': {
        'why': 'when a pair has moved, the thread is told before the parent',
        'file': 'src/lfs/pairs.c',
        'scene': 'lfs2-wear',
        'finding': ['check',
                    'metadata /usr/deep: block',
                    'the thread names {',
                    'the directory is {',
                    'the orphan flag is not set'],
        'edits': [('\tif (parent && mdir->is_unknown_to_parent) {\n'
                   '\t\trc = news->tell_parent(volume, mdir, parent);\n'
                   '\t\tmdir->is_unknown_to_parent = rc != 0;\n'
                   '\t\treturn rc;\n'
                   '\t}\n'
                   '\tif (mdir->prev)\n'
                   '\t\trc = news->tell_thread(volume, mdir);\n',
                   '\tif (mdir->prev && mdir->is_unknown_to_thread) {\n'
                   '\t\trc = news->tell_thread(volume, mdir);\n'
                   '\t\tmdir->is_unknown_to_thread = rc != 0;\n'
                   '\t\treturn rc;\n'
                   '\t}\n'
                   '\tif (parent)\n'
                   '\t\trc = news->tell_parent(volume, mdir, parent);\n')],
    },
    'lfs2-leaves-renames-half': {
        'why': 'the first change after a cut does not finish the rename that was cut',
        'file': 'src/lfs/v2_repair.c',
        'scene': 'lfs2-renames',
        'finding': ['going_on',
                    'metadata /usr/a: after the first change: block',
                    "a move of 'two' is pending"],
        'edits': [('\tif (!rc && volume->pending.marks)\n\t\trc = repair_move(volume);\n',
                   '\tif (rc && volume->pending.marks)\n\t\trc = repair_move(volume);\n')],
    },
    'lfs2-repair-unhides-first': {
        'why': 'the repair of a rename ends the move first, and deletes the old name then',
        'file': 'src/lfs/v2_repair.c',
        'scene': 'lfs2-renames-armed',
        'depth': 2,
        'finding': ['rename',
                    '/1 ',
                    ', again program of 256 bytes, metadata /usr/a: ',
                    'the rename of /usr/a/two to /usr/b/two is half done: both are there'],
        'edits': [('\t\trc = tw_v2_commit(volume, source, &nothing); /* which ends it */\n',
                   '\t\tstruct tw_v2_edit drop = {0};\n\n'
                   '\t\tfor (unsigned i = 0; i < source->count; i++)\n'
                   '\t\t\tif (source->entries[i]->is_void)\n'
                   '\t\t\t\tdrop.dropped = source->entries[i];\n'
                   '\t\tvolume->wanted = (struct tw_gstate){{0, 0, 0}};\n'
                   '\t\trc = tw_v2_commit(volume, volume->root->dir.first, &nothing);\n'
                   '\t\tif (!rc)\n'
                   '\t\t\trc = tw_v2_commit(volume, source, &drop);\n'
                   '\t\tif (!rc)\n'
                   '\t\t\ttw_node_free(volume, drop.dropped);\n')],
    },
    'lfs2-refuses-what-was-cut': {
        'why': 'a volume with a removed directory or a half rename does not mount',
        'file': 'src/lfs/v2_mount.c',
        'scene': 'lfs2-directories',
        'finding': ['formatted',
                    'metadata /usr/dir/sub: /usr could not be mounted and was formatted'],
        'edits': [('\tjudge_thread(scan);\n\treturn 0;\n',
                   '\tjudge_thread(scan);\n'
                   '\treturn volume->pending.orphans || volume->pending.marks ? -EUCLEAN : 0;\n')],
    },
    # ---- SecureData ----
    'secure-body-unchecked': {
        'why': 'the checksum of the content of a slot is not looked at',
        'file': 'src/secure/record.c',
        'scene': 'slots',
        'finding': ['slot',
                    'program',
                    'slot 16: slot 16 is neither version 1 (from before the run) '
                    'nor 2 (in flight): it is unknown content of 1,000 bytes'],
        'edits': [('\tif (tw_le32(bytes + TW_RECORD_HEAD + body_size) != '
                   'crc_of(bytes, body_size))\n\t\treturn -EBADMSG;\n',
                   '\t(void)body_size;\n')],
    },
    'secure-erases-first': {
        'why': 'both regions are erased before a slot is stored anew',
        'file': 'src/secure/secure.c',
        'scene': 'slots',
        'finding': ['slot',
                    'erase',
                    'slot 2: slot 16 is not version 1 (acknowledged',
                    'it is empty'],
        'edits': [('\tbool stored = false;\n\n',
                   '\tbool stored = false;\n\n'
                   '\tfor (unsigned i = 0; i < TW_REGIONS; i++)\n'
                   '\t\tif (tw_log_load(&secure->logs[i]) ||\n'
                   '\t\t\ttwinfs_flash_erase(secure->flash, secure->logs[i].addr,\n'
                   '\t\t\t\tsecure->logs[i].unit_count * secure->logs[i].unit_size))\n'
                   '\t\t\treturn -EIO;\n')],
    },
    'secure-generation-stands-still': {
        'why': 'a new record has the generation of the one before it',
        'file': 'src/secure/secure.c',
        'scene': 'slots',
        'finding': ['slot',
                    'cut end',
                    'slot 16 is not version',
                    'it is version 1'],
        'edits': [('\trecord->generation = ++secure->generation;\n',
                   '\trecord->generation = secure->generation ? secure->generation\n'
                   '\t\t\t\t\t\t\t: ++secure->generation;\n')],
    },
    'secure-old-copies-count': {
        'why': 'a unit may go when another one has the slot at all, be it an older record',
        'file': 'src/secure/log.c',
        'scene': 'slots',
        'finding': ['slot',
                    'erase',
                    'slot 16: slot 3 is not version 2 (acknowledged in operation',
                    'it is version 1'],
        'edits': [('\t\tif (i != unit && has_live(log, i, slot))\n',
                   '\t\tif (i != unit && log->units[i].newest[slot])\n')],
    },
    'secure-says-yes-first': {
        'why': 'a store is acknowledged before it is written',
        'file': 'src/secure/secure.c',
        'scene': 'slots',
        'finding': ['slot',
                    'slot 16: slot 16 is not version 2 (acknowledged',
                    'it is version 1'],
        'edits': [('\trc = store_record(secure, &record, bytes);\n\tsecure->subject = 0;\n'
                   '\tif (secure->watch.ended)\n'
                   '\t\tsecure->watch.ended(secure->watch.ctx, &store, rc);\n',
                   '\tif (secure->watch.ended)\n'
                   '\t\tsecure->watch.ended(secure->watch.ctx, &store, 0);\n'
                   '\trc = store_record(secure, &record, bytes);\n\tsecure->subject = 0;\n')],
    },
    'secure-reads-the-older': {
        'why': 'of the two regions the one with the older record is read',
        'file': 'src/secure/secure.c',
        'scene': 'slots',
        'finding': ['going_on',
                    'slot 16: slot 16 is not what it was before slot 1 was stored'],
        'edits': [('\treturn secure->logs[0].live[slot].record.generation <\n',
                   '\treturn secure->logs[0].live[slot].record.generation >\n')],
    },
    # ---- boot ----
    'restore-trusts-names': {
        'why': 'a protected file counts as right when it is there',
        'file': 'src/module/restore.c',
        'scene': 'device-first-boot',
        'finding': ['version',
                    'data /usr/main.py: /usr/main.py is not version 1 (what the '
                    'boot leaves when it is not cut): it is empty'],
        'edits': [('\tif (match == TW_TABLE_EQUAL) {\n',
                   '\tif (match == TW_TABLE_EQUAL || file->reason == TWINFS_REASON_EMPTY) {\n')],
    },
    'boot-keeps-damaged-files': {
        'why': 'a protected file counts as right when it has any content',
        'file': 'src/module/restore.c',
        'scene': 'lfs1-tinkering',
        'finding': ['protected',
                    "data /usr/config.json: protected file '/usr/main.py' is not what "
                    'checksum.json says after the boot, which called it intact'],
        'edits': [('\tif (match == TW_TABLE_EQUAL) {\n',
                   '\tif (match == TW_TABLE_EQUAL || file->found) {\n')],
    },
    'replace-empties-first': {
        'why': 'a file that is to be rewritten is empty on the flash before it is written',
        'file': 'src/module/device_vfs.c',
        'scene': 'lfs1-update',
        'finding': ['hole',
                    'data /usr/.updater/download.stat: the update ended with '
                    "'download.stat is empty', and will at every boot"],
        'edits': [('\trc = truncate_to_nothing(&file);\n',
                   '\trc = truncate_to_nothing(&file);\n'
                   '\tif (!rc)\n'
                   '\t\trc = twinfs_volume_sync(file.volume, file.ino);\n')],
    },
    'update-drops-before-copying': {
        'why': 'an update takes a file off its list before it has copied it',
        'file': 'src/module/update.c',
        'scene': 'lfs1-update',
        'finding': ['version',
                    'data /usr/main.py: /usr/main.py is not version 2 (what the '
                    'boot leaves when it is not cut): it is version 1'],
        'edits': [('\ttw_json_free(item);\n\trc = tw_json_write(update->stat, &text);\n',
                   '\trc = tw_json_write(update->stat, &text);\n'),
                  ('\tint rc = install(update, update->stat->first, &payload, file);\n',
                   '\tstruct tw_json *item = update->stat->first;\n'
                   '\tint rc = drop_first(update);\n\n'
                   '\tif (!rc)\n\t\trc = install(update, item, &payload, file);\n'
                   '\ttw_json_free(item);\n'),
                  ('\tif (!rc)\n\t\trc = drop_first(update);\n', '')],
    },
    'update-removes-before-dropping': {
        'why': 'an update removes what it has copied before it takes it off its list',
        'file': 'src/module/update.c',
        'scene': 'lfs1-update',
        'finding': ['lost', 'data /usr/.updater/download.stat: /usr/feature/new.py is missing: ',
                    '(what the boot leaves when it is not cut)'],
        'edits': [('\tif (!rc)\n\t\trc = drop_first(update);\n\tif (rc)\n\t\treturn rc;\n',
                   '\tif (rc)\n\t\treturn rc;\n'),
                  ('\tupdate->goes_on = rc;\n\treturn rc;\n',
                   '\tupdate->goes_on = rc;\n'
                   '\tif (!rc)\n\t\trc = drop_first(update);\n'
                   '\treturn rc;\n')],
    },
    'update-flag-goes-last': {
        'why': 'an update removes its list before the flag that says that there is one',
        'file': 'src/module/update.c',
        'scene': 'lfs1-update',
        'finding': ['hole',
                    "metadata /usr/.updater: the update ended with 'download.stat "
                    "does not exist', and will at every boot"],
        'edits': [('\tint rc = tw_device_delete(device, FLAG);\n',
                   '\tint rc = tw_device_delete(device, STAT);\n'),
                  ('\t\trc = tw_device_delete(device, STAT);\n',
                   '\t\trc = tw_device_delete(device, FLAG);\n')],
    },
}


def main():
    for name, plant in PLANTS.items():
        print(name, plant['file'], plant['scene'], plant.get('depth', 1), *plant['finding'],
              sep='\t')


if __name__ == '__main__':
    main()
