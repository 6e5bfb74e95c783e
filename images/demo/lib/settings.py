# Settings of the application: read once, written through.
import ujson
import ql_fs
import checksum


class Settings:
    def __init__(self, path):
        self.path = path
        self.values = ql_fs.read_json(path) or {}

    def __getitem__(self, key):
        return self.values[key]

    def __setitem__(self, key, value):
        self.values[key] = value
        with open(self.path, "w") as file:
            file.write(ujson.dumps(self.values))
        # without this the next boot would bring the factory settings back
        checksum.update(self.path)
