# What a user of Docker's library for Python does, against the socket named in DOCKER_HOST. Prints `ok` at the end; any failure is a traceback.
import io
import tarfile

import docker

client = docker.from_env()
assert client.ping()
assert client.version()['ApiVersion'] >= '1.41'
assert client.info()['OSType'] == 'linux'

# Run to the end, in the foreground; errors carry exit code and stderr.
assert client.containers.run('busybox', ['echo', 'hello'], remove=True) == b'hello\n'
try:
    client.containers.run('busybox', ['sh', '-c', 'echo oops >&2; exit 3'], remove=True)
    raise AssertionError('it should have failed')
except docker.errors.ContainerError as error:
    assert error.exit_status == 3 and b'oops' in error.stderr

# In the background: logs, exec with its streams apart, stats, top, files both ways, changes.
volume = client.volumes.create('pyvol', labels={'by': 'python'})
network = client.networks.create('pynet', driver='bridge')
container = client.containers.run('busybox', ['sh', '-c', 'echo started; exec sleep 1000'], name='py', detach=True, environment={'A': 'b'}, labels={'x': 'y'},
                                  mem_limit='64m', volumes={'pyvol': {'bind': '/data', 'mode': 'rw'}}, network='pynet', ports={'80/tcp': 18099})
container.reload()
assert container.status == 'running' and container.attrs['HostConfig']['Memory'] == 64 << 20
assert [c.name for c in client.containers.list(filters={'label': 'x=y'})] == ['py']
for line in container.logs(stream=True, follow=True):
    assert line == b'started\n'
    break
code, (out, err) = container.exec_run(['sh', '-c', 'echo $A; echo bad >&2; exit 5'], demux=True)
assert (code, out, err) == (5, b'b\n', b'bad\n')
assert b''.join(container.exec_run(['seq', '1', '3'], stream=True).output) == b'1\n2\n3\n'
assert container.stats(stream=False)['pids_stats']['current'] >= 1
assert any('sleep 1000' in process[-1] for process in container.top()['Processes'])
archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode='w') as tar:
    entry = tarfile.TarInfo('greeting')
    entry.size = 2
    tar.addfile(entry, io.BytesIO(b'hi'))
assert container.put_archive('/data', archive.getvalue())
stream, stat = container.get_archive('/data/greeting')
assert stat['name'] == 'greeting'
with tarfile.open(fileobj=io.BytesIO(b''.join(stream))) as tar:
    assert tar.extractfile('greeting').read() == b'hi'
assert container.diff() is not None

# A socket of one's own: attach and an interactive exec.
interactive = client.containers.run('busybox', 'cat', stdin_open=True, detach=True, name='pycat')
socket = interactive.attach_socket(params={'stdin': 1, 'stdout': 1, 'stream': 1})
socket._sock.sendall(b'typed\n')
assert socket._sock.recv(100).endswith(b'typed\n')
socket.close()
interactive.remove(force=True)

# Pause, rename, restart, wait, commit, images, events, what is not there.
container.pause()
container.reload()
assert container.status == 'paused'
container.unpause()
container.rename('py2')
container.restart(timeout=0)
image = container.commit('pyimage', tag='one')
assert client.images.get('pyimage:one').id == image.id
image.tag('pyimage', 'two')
assert b''.join(image.save())[:1] != b''
container.kill()
assert container.wait()['StatusCode'] == 137
container.remove(v=True)
client.images.remove('pyimage:one')
client.images.remove('pyimage:two')
try:
    client.containers.get('py2')
    raise AssertionError('it should be gone')
except docker.errors.NotFound as error:
    assert 'No such container: py2' in error.explanation
events = [event['Action'] for event in client.events(since=0, until=2 ** 31 - 1 and __import__('time').time() + 1, decode=True, filters={'container': 'py2'})]
assert 'destroy' in events, events
built, log = client.images.build(fileobj=io.BytesIO(b'FROM busybox\nRUN echo built > /built\nCMD ["cat", "/built"]\n'), tag='pybuilt')
assert client.containers.run('pybuilt', remove=True) == b'built\n'
client.images.remove('pybuilt')
network.remove()
volume.remove()
assert client.df()['Containers'] in ([], None)
print('ok')
