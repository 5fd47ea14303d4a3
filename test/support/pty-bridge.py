# SPDX-License-Identifier: Apache-2.0
# Runs a program in a terminal of a given size: our stdin are the keys, our stdout is the screen, lines "COLUMNS ROWS" on
# descriptor 3 change the size. Exits as the program does (128+n by signal).
import fcntl, os, pty, select, struct, sys, termios

columns, rows, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
pid, master = pty.fork()
if pid == 0:
    # the size is there before the program can ask for it
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.close(3)
    os.execvp(command[0], command)

def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]

sources = [0, 3, master]
while master in sources:
    for fd in select.select(sources, [], [])[0]:
        try:
            data = os.read(fd, 65536)
        except OSError:  # EIO: the last process closed the terminal
            data = b""
        if not data:
            sources.remove(fd)
        elif fd == 0:
            write_all(master, data)
        elif fd == 3:
            columns, rows = map(int, data.split()[-2:])
            fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        else:
            write_all(1, data)
status = os.waitpid(pid, 0)[1]
sys.exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
