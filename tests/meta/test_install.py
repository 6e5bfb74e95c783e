# SPDX-License-Identifier: MIT
"""A program that knows only the installed files and pkg-config can use the library.

arguments: build directory, C compiler
"""
import json
import os
import shlex
import shutil
import sys
import tempfile

import project

PROGRAM = r'''
#include <stdio.h>
#include <twinfs/module.h>

int main(void)
{
	struct twinfs_profile profile;

	if (twinfs_profile_load(NULL, &profile, NULL) < 0)
		return 1;
	printf("%s %#x\n", profile.name, twinfs_device_crc(TWINFS_DEVICE_CRC_INIT, "a", 1));
	return 0;
}
'''


DEMO = 'share/doc/twinfs/examples/demo'
SIZE = os.path.getsize(project.path('images/demo/lib/cloud.py'))


def find(folder, ending):
    """The only path below the folder that ends so."""
    found = [os.path.join(top, name) for top, _, files in os.walk(folder) for name in files
             if os.path.join(top, name).endswith(ending)]
    if len(found) != 1:
        sys.exit(f'{ending}: installed are {found}')
    return found[0]


def check_modules(folder):
    """All modules of applications are installed, and nothing else is beside them."""
    source = os.path.join(project.ROOT, 'emulator', 'python')
    trees = [{os.path.relpath(os.path.join(top, name), each)
              for top, _, files in os.walk(each) for name in files if not name.endswith('.pyc')}
             for each in (source, folder)]
    if trees[0] != trees[1]:
        sys.exit(f'installed modules are {sorted(trees[1])}, not {sorted(trees[0])}')


def check_completions(folder):
    """Each shell's file names the script that they share, where it will be."""
    script = find(folder, '/share/twinfs/complete')
    if not os.access(script, os.X_OK):
        sys.exit('the script of the completions cannot be run')
    for name in ('/completions/twinfs', '/_twinfs', '/twinfs.fish'):
        file = find(folder, name)
        if f"'{script.removeprefix(folder)}'" not in project.read(file):
            sys.exit(f'{file} does not name {script.removeprefix(folder)}')


def check_helper(folder):
    """mount(8) comes to the program by a link."""
    helper = find(folder, '/mount.fuse.twinfs')
    target = os.path.join(os.path.dirname(helper), os.readlink(helper))
    if os.path.isabs(os.readlink(helper)):
        target = folder + os.readlink(helper)
    if not os.path.samefile(target, find(folder, '/bin/twinfs')):
        sys.exit(f'{helper} leads to {os.readlink(helper)}')


def check_example(folder, cc, prefix, library):
    """The example is built by its own Makefile, in both ways, and tells of an image."""
    example = os.path.dirname(find(folder, '/list_image/Makefile'))
    program = os.path.join(example, 'list_image')
    image = os.path.join(folder, 'app.img')
    environment = dict(os.environ, LD_LIBRARY_PATH=os.path.dirname(library),
                       PKG_CONFIG_PATH=os.path.dirname(find(folder, '/twinfs.pc')),
                       PKG_CONFIG=f'pkg-config --define-variable=prefix={folder}{prefix}')
    project.run(find(folder, '/bin/twinfs'), 'mk', '-q', '--user', os.path.join(folder + prefix, DEMO),
                '--backup', 'main.py', image, env=environment)
    for words in ([], ['STATIC=1']):
        project.run('make', '-C', example, 'CC=' + shlex.join(cc), 'CFLAGS=-Wall -Wextra -Werror',
                    *words, env=environment)
        if words:
            del environment['LD_LIBRARY_PATH']
        said = project.run(program, image, env=environment).splitlines()
        os.remove(program)
        if said[0] != '  intact  /usr/main.py' or f'{SIZE:8}  /usr/lib/cloud.py' not in said:
            sys.exit('the example said:\n' + '\n'.join(said))


def check_pages(folder):
    """Every manual page that there is is installed."""
    source = {name for name in os.listdir(project.path('docs', 'man')) if name != 'meson.build'}
    installed = {name for _, _, files in os.walk(folder) for name in files}
    if source != installed:
        sys.exit(f'installed manual pages are {sorted(installed)}, not {sorted(source)}')


def check_schemas(folder):
    """Every schema that there is is installed."""
    source = {name for name in os.listdir(project.path('docs', 'schemas')) if name != 'meson.build'}
    if source != set(os.listdir(folder)):
        sys.exit(f'installed schemas are {sorted(os.listdir(folder))}, not {sorted(source)}')


def main():
    build, cc = sys.argv[1], shlex.split(sys.argv[2])
    if not shutil.which('pkg-config') or not shutil.which('meson'):
        project.skip('pkg-config or meson is not installed')
    with tempfile.TemporaryDirectory(prefix='twinfs-meta-') as folder:
        project.run('meson', 'install', '-C', build, '--no-rebuild', '--destdir', folder)
        module = find(folder, '/twinfs.pc')
        library = find(folder, '/libtwinfs.so.0')
        headers = {os.path.basename(name) for name in project.sources('include')}
        installed = set(os.listdir(os.path.dirname(find(folder, '/twinfs/error.h'))))
        if headers != installed:
            sys.exit(f'installed headers are {sorted(installed)}')
        check_pages(os.path.dirname(os.path.dirname(find(folder, '/man/man1/twinfs.1'))))
        check_schemas(os.path.dirname(find(folder, '/share/twinfs/schemas/ls.schema.json')))
        find(folder, '/share/twinfs/python/start.py')
        check_completions(folder)
        check_helper(folder)
        check_modules(os.path.dirname(find(folder, '/twinfs/python/start.py')))

        # the files are not where the prefix says, so tell pkg-config where they are
        prefix = project.run('pkg-config', '--variable=prefix', module).strip()
        words = project.run('pkg-config', '--define-variable=prefix=' + folder + prefix,
                            '--cflags', '--libs', module)
        source = os.path.join(folder, 'program.c')
        with open(source, 'w', encoding='ascii') as file:
            file.write(PROGRAM)
        program = os.path.join(folder, 'program')
        project.run(*cc, '-Wall', '-Wextra', '-Werror', source, '-o', program, *shlex.split(words))
        environment = dict(os.environ, LD_LIBRARY_PATH=os.path.dirname(library))
        said = project.run(program, env=environment)
        if said != 'default 0xc54aae31\n':
            sys.exit(f'the program said: {said}')
        if shutil.which('make'):
            check_example(folder, cc, prefix, library)
        else:
            print('make is not installed: the example is not built')
        said = project.run(find(folder, '/bin/twinfs'), '--version', env=environment)
        plan = json.loads(project.run('meson', 'introspect', '--projectinfo', build))
        if said != f'twinfs {plan["version"]}\n':
            sys.exit(f'the installed twinfs said: {said}')


if __name__ == '__main__':
    main()
