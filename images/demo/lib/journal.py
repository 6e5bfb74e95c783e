# A journal on flash with a limited number of lines; the old half goes first.
import uos
import ujson
import ql_fs


class Journal:
    def __init__(self, path, limit):
        self.path = path
        self.limit = limit
        self.lines = 0
        if ql_fs.path_exists(path):
            with open(path) as file:
                for _ in file:
                    self.lines += 1

    def append(self, sample):
        if self.lines >= self.limit:
            self.rotate()
        with open(self.path, "a") as file:
            file.write(ujson.dumps(sample) + "\n")
        self.lines += 1

    def rotate(self):
        if ql_fs.path_exists(self.path + ".1"):
            uos.remove(self.path + ".1")
        uos.rename(self.path, self.path + ".1")
        self.lines = 0
