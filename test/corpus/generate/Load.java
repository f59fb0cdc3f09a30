import java.io.DataOutputStream;
import java.lang.reflect.Method;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;

/**
 * The client that makes the corpus: one command, one kind of history.
 *
 *   java Load HOST:PORT COMMAND [ARGUMENTS]
 *
 * The client is the release's own, except that 3.4 servers are driven by the 3.5 client, because the 3.4 client does
 * not connect on JDK 14 and later. What 3.4 lacks is looked up by name, so that one source compiles everywhere.
 * -Dcorpus.server34=true leaves out the operations that came with 3.5.
 */
public class Load {
    static final List<ACL> OPEN = Ids.OPEN_ACL_UNSAFE;

    final String server;
    ZooKeeper zk;

    Load(String server) throws Exception {
        this.server = server;
    }

    public static void main(String[] args) throws Exception {
        Load l = new Load(args[0]);
        l.zk = l.connect(60000);
        switch (args[1]) {
            case "ops": l.ops(); break;
            case "charset": l.charset(); break;
            case "write": l.write(args[2], Integer.parseInt(args[3])); break;
            case "orphans": l.orphans(args[2], Integer.parseInt(args[3])); break;
            case "burst": l.burst(args[2], Integer.parseInt(args[3]), Integer.parseInt(args[4])); break;
            case "flood": l.flood(args[2], Integer.parseInt(args[3]), Integer.parseInt(args[4])); break;
            case "reconfig": l.reconfig(args[2], args[3]); break;
            case "sync": l.sync(); break;
            default: throw new IllegalArgumentException(args[1]);
        }
        l.zk.close();
        System.exit(0);
    }

    ZooKeeper connect(int timeout) throws Exception {
        CountDownLatch up = new CountDownLatch(1);
        ZooKeeper z = new ZooKeeper(server, timeout, new Watcher() {
            @Override
            public void process(WatchedEvent e) {
                if (e.getState() == Event.KeeperState.SyncConnected) {
                    up.countDown();
                }
            }
        });
        if (!up.await(40, TimeUnit.SECONDS)) {
            throw new IllegalStateException("no session at " + server);
        }
        return z;
    }

    static byte[] bytes(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }

    interface Request {
        void run() throws Exception;
    }

    /** Sends a request that the server has to refuse: it is logged as an error. */
    static void refused(Request r) throws Exception {
        try {
            r.run();
        } catch (KeeperException e) {
            return;
        }
        throw new IllegalStateException("the server accepted what it should refuse");
    }

    // --- every operation once or more

    void ops() throws Exception {
        nodes();
        acls();
        errors();
        multis();
        modes();
        quotas();
        sessions();
        undecodable();
        zk.create("/last", bytes("ops done"), OPEN, CreateMode.PERSISTENT);
    }

    void nodes() throws Exception {
        zk.create("/null", null, OPEN, CreateMode.PERSISTENT);
        zk.create("/empty", new byte[0], OPEN, CreateMode.PERSISTENT);
        zk.create("/text", bytes("hello"), OPEN, CreateMode.PERSISTENT);
        zk.create("/binary", new byte[] {0, 1, (byte) 0xff, 'B', 0, 0}, OPEN, CreateMode.PERSISTENT);
        zk.create("/größe", bytes("ä"), OPEN, CreateMode.PERSISTENT);
        zk.create("/größe/日本語", bytes("値"), OPEN, CreateMode.PERSISTENT);
        zk.create("/a b\"c\\d", bytes("quoted"), OPEN, CreateMode.PERSISTENT);
        zk.create("/deep", null, OPEN, CreateMode.PERSISTENT);
        String path = "/deep";
        for (int i = 0; i < 12; i++) {
            path += "/" + i;
            zk.create(path, bytes(path), OPEN, CreateMode.PERSISTENT);
        }
        byte[] large = new byte[700_000];
        Arrays.fill(large, (byte) 'z');
        zk.create("/large", large, OPEN, CreateMode.PERSISTENT);
        zk.create("/seq", null, OPEN, CreateMode.PERSISTENT);
        for (int i = 0; i < 5; i++) {
            zk.create("/seq/n-", bytes("" + i), OPEN, CreateMode.PERSISTENT_SEQUENTIAL);
        }
        zk.delete("/seq/n-0000000002", -1);
        zk.setData("/text", bytes("hello again"), 0);
        zk.setData("/text", null, -1);
        zk.setData("/text", new byte[0], -1);
        zk.setData("/null", bytes("no longer"), -1);
        zk.setData("/", bytes("the root has data"), -1);
    }

    void acls() throws Exception {
        zk.addAuthInfo("digest", bytes("alice:secret"));
        List<ACL> mixed = new ArrayList<>();
        mixed.add(new ACL(Perms.READ | Perms.WRITE, new Id("digest", "alice:hxbGExrQd0gKyNOZdmVzzZWJRgs=")));
        mixed.add(new ACL(Perms.ALL, new Id("ip", "127.0.0.1")));
        mixed.add(new ACL(Perms.READ, Ids.ANYONE_ID_UNSAFE));
        zk.create("/acl", null, OPEN, CreateMode.PERSISTENT);
        zk.create("/acl/mine", bytes("m"), Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
        zk.create("/acl/readonly", bytes("r"), Ids.READ_ACL_UNSAFE, CreateMode.PERSISTENT);
        zk.create("/acl/mixed", bytes("x"), mixed, CreateMode.PERSISTENT);
        zk.create("/acl/set", bytes("s"), OPEN, CreateMode.PERSISTENT);
        zk.setACL("/acl/set", mixed, 0);
        zk.setACL("/acl/set", mixed, 1);
        zk.setACL("/acl", mixed, -1);
        List<ACL> emoji = new ArrayList<>(mixed);
        emoji.add(new ACL(Perms.READ, new Id("digest", "b\uD83D\uDE00b:x")));
        zk.create("/acl/surrogates", null, emoji, CreateMode.PERSISTENT);
    }

    void errors() throws Exception {
        refused(() -> zk.create("/text", null, OPEN, CreateMode.PERSISTENT));
        refused(() -> zk.create("/nowhere/child", null, OPEN, CreateMode.PERSISTENT));
        refused(() -> zk.delete("/nowhere", -1));
        refused(() -> zk.delete("/deep", -1));
        refused(() -> zk.setData("/text", null, 77));
        refused(() -> zk.setACL("/text", OPEN, 77));
        refused(() -> zk.setData("/acl/readonly", null, -1));
    }

    void multis() throws Exception {
        zk.create("/multi", null, OPEN, CreateMode.PERSISTENT);
        zk.create("/multi/old", null, OPEN, CreateMode.PERSISTENT);
        zk.multi(Arrays.asList(
            Op.check("/multi", 0),
            Op.create("/multi/a", bytes("a"), OPEN, CreateMode.PERSISTENT),
            Op.create("/multi/a/é", null, OPEN, CreateMode.PERSISTENT),
            Op.create("/multi/e", bytes("e"), OPEN, CreateMode.EPHEMERAL),
            Op.create("/multi/s-", bytes("s"), OPEN, CreateMode.PERSISTENT_SEQUENTIAL),
            Op.setData("/multi", bytes("changed"), 0),
            Op.setData("/multi", bytes("changed twice"), 1),
            Op.delete("/multi/old", 0),
            Op.create("/multi/old", bytes("new"), OPEN, CreateMode.PERSISTENT)));
        refused(() -> zk.multi(Arrays.asList(
            Op.create("/multi/never", null, OPEN, CreateMode.PERSISTENT),
            Op.setData("/multi", bytes("never"), -1),
            Op.delete("/multi/absent", -1),
            Op.create("/multi/never2", null, OPEN, CreateMode.PERSISTENT))));
        refused(() -> zk.multi(Arrays.asList(Op.check("/multi", 99), Op.delete("/multi/a/é", -1))));
        zk.multi(new ArrayList<Op>());
    }

    // --- what came with 3.5: create2, containers, TTL

    void modes() throws Exception {
        if (Boolean.getBoolean("corpus.server34")) {
            return;
        }
        create2("/created2", bytes("with stat"));
        CreateMode container = CreateMode.valueOf("CONTAINER");
        zk.create("/container", bytes("c"), OPEN, container);
        zk.create("/container/child", null, OPEN, CreateMode.PERSISTENT);
        zk.create("/container-kept", null, OPEN, container);
        zk.create("/container-kept/child", null, OPEN, CreateMode.PERSISTENT);
        createTTL("/ttl-kept", bytes("t"), 3_600_000L);
        createTTL("/ttl-expires", null, 50L);
        Op[] inside = {
            Op.create("/multi/container", null, OPEN, container),
            (Op) Op.class.getMethod("create", String.class, byte[].class, List.class, CreateMode.class, long.class)
                .invoke(null, "/multi/ttl", bytes("t"), OPEN, CreateMode.valueOf("PERSISTENT_WITH_TTL"), 7_200_000L),
        };
        zk.multi(Arrays.asList(inside));
        zk.delete("/container/child", -1);
        gone("/container");
        gone("/ttl-expires");
    }

    void create2(String path, byte[] data) throws Exception {
        ZooKeeper.class.getMethod("create", String.class, byte[].class, List.class, CreateMode.class, Stat.class)
            .invoke(zk, path, data, OPEN, CreateMode.PERSISTENT, new Stat());
    }

    void createTTL(String path, byte[] data, long millis) throws Exception {
        ZooKeeper.class.getMethod("create", String.class, byte[].class, List.class, CreateMode.class, Stat.class, long.class)
            .invoke(zk, path, data, OPEN, CreateMode.valueOf("PERSISTENT_WITH_TTL"), new Stat(), millis);
    }

    void gone(String path) throws Exception {
        for (int i = 0; i < 300; i++) {
            if (zk.exists(path, false) == null) {
                return;
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException(path + " is still there");
    }

    void quotas() throws Exception {
        zk.create("/quota", null, OPEN, CreateMode.PERSISTENT);
        zk.create("/zookeeper/quota/quota", null, OPEN, CreateMode.PERSISTENT);
        zk.create("/zookeeper/quota/quota/zookeeper_limits", bytes("count=100,bytes=5000"), OPEN, CreateMode.PERSISTENT);
        zk.create("/zookeeper/quota/quota/zookeeper_stats", bytes("count=1,bytes=0"), OPEN, CreateMode.PERSISTENT);
        for (int i = 0; i < 4; i++) {
            zk.create("/quota/" + i, bytes("data " + i), OPEN, CreateMode.PERSISTENT);
        }
        zk.delete("/quota/3", -1);
    }

    void sessions() throws Exception {
        ZooKeeper closing = connect(20000);
        closing.create("/session", null, OPEN, CreateMode.PERSISTENT);
        closing.create("/session/e1", bytes("1"), OPEN, CreateMode.EPHEMERAL);
        closing.create("/session/e2-", bytes("2"), OPEN, CreateMode.EPHEMERAL_SEQUENTIAL);
        closing.close();
        connect(20000).close();
        ZooKeeper staying = connect(60000);
        staying.create("/session/stays", bytes("owner never closes"), OPEN, CreateMode.EPHEMERAL);
    }

    /** A create request whose body does not decode: the server logs an error with the zxid of the record before it. */
    void undecodable() throws Exception {
        String[] hostPort = server.split(":");
        try (Socket s = new Socket()) {
            s.connect(new InetSocketAddress(hostPort[0], Integer.parseInt(hostPort[1])));
            DataOutputStream out = new DataOutputStream(s.getOutputStream());
            out.writeInt(44);
            out.writeInt(0);
            out.writeLong(0);
            out.writeInt(20000);
            out.writeLong(0);
            out.writeInt(16);
            out.write(new byte[16]);
            out.flush();
            s.getInputStream().read(new byte[41]);
            out.writeInt(12);
            out.writeInt(1);
            out.writeInt(1);
            out.writeInt(1000);
            out.flush();
            s.setSoTimeout(5000);
            s.getInputStream().read(new byte[20]);
        } catch (java.net.SocketTimeoutException e) {
            System.err.println("no answer to the undecodable request");
        }
    }

    void charset() throws Exception {
        zk.create("/ascii", bytes("a"), OPEN, CreateMode.PERSISTENT);
        zk.create("/größe", bytes("ä"), OPEN, CreateMode.PERSISTENT);
        zk.create("/größe/日本語", bytes("値"), OPEN, CreateMode.PERSISTENT);
        zk.setData("/größe", bytes("b"), -1);
        zk.create("/größe/x", null, OPEN, CreateMode.PERSISTENT);
        zk.delete("/größe/日本語", -1);
    }

    // --- histories for ensembles and load

    void write(String name, int n) throws Exception {
        if (zk.exists("/" + name, false) == null) {
            zk.create("/" + name, null, OPEN, CreateMode.PERSISTENT);
        }
        for (int i = 0; i < n; i++) {
            zk.create("/" + name + "/" + i, bytes(name + i), OPEN, CreateMode.PERSISTENT);
        }
        zk.create("/" + name + "-owner-", null, OPEN, CreateMode.EPHEMERAL_SEQUENTIAL);
    }

    /** Sends writes, waits for no answer and leaves without closing the session. */
    void orphans(String name, int n) throws Exception {
        System.out.println("ready");
        System.in.read();
        for (int i = 0; i < n; i++) {
            zk.create("/" + name + i, bytes("orphan"), OPEN, CreateMode.PERSISTENT, (rc, p, c, s) -> { }, null);
        }
        Thread.sleep(1500);
        Runtime.getRuntime().halt(0);
    }

    /** Changes a tree from several sessions at once: ops requests in all, up to 200 of each session on the way. */
    void burst(String name, int sessions, int ops) throws Exception {
        zk.create("/" + name, null, OPEN, CreateMode.PERSISTENT);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < sessions; t++) {
            ZooKeeper z = connect(60000);
            String root = "/" + name + "/" + t;
            Random random = new Random(t);
            Thread thread = new Thread(() -> {
                try {
                    changes(z, root, random, ops / sessions);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread t : threads) {
            t.join();
        }
    }

    static void changes(ZooKeeper z, String root, Random random, int n) throws Exception {
        z.create(root, null, OPEN, CreateMode.PERSISTENT);
        Semaphore room = new Semaphore(200);
        for (int i = 0; i < n; i++) {
            room.acquire();
            String path = root + "/" + random.nextInt(700);
            switch (random.nextInt(8)) {
                case 0: z.delete(path, -1, (rc, p, c) -> room.release(), null); break;
                case 1: z.setACL(path, acl(random), -1, (rc, p, c, s) -> room.release(), null); break;
                case 2: z.create(path, bytes("e" + i), OPEN, CreateMode.EPHEMERAL, (rc, p, c, s) -> room.release(), null); break;
                case 3: z.create(path, bytes("a" + i), acl(random), CreateMode.PERSISTENT, (rc, p, c, s) -> room.release(), null); break;
                case 4: case 5: z.setData(path, bytes("s" + i), -1, (rc, p, c, s) -> room.release(), null); break;
                case 6: z.multi(pair(path, i), (rc, p, c, r) -> room.release(), null); break;
                default: z.create(path, bytes("c" + i), OPEN, CreateMode.PERSISTENT, (rc, p, c, s) -> room.release(), null);
            }
        }
        room.acquire(200);
        z.close();
    }

    static List<Op> pair(String path, int i) {
        return Arrays.asList(
            Op.create(path + "-m" + i, bytes("m"), OPEN, CreateMode.PERSISTENT),
            Op.setData(path + "-m" + i, bytes("m" + i), 0));
    }

    static List<ACL> acl(Random random) {
        List<ACL> list = new ArrayList<>(OPEN);
        list.add(new ACL(Perms.READ, new Id("ip", "10.0." + random.nextInt(250) + "." + random.nextInt(250))));
        return list;
    }

    /** Writes n nodes of a size with thirty requests on the way, and ends at once when the server goes. */
    void flood(String name, int size, int n) throws Exception {
        zk.create("/" + name, null, OPEN, CreateMode.PERSISTENT);
        byte[] data = new byte[size];
        Arrays.fill(data, (byte) 'f');
        Semaphore room = new Semaphore(30);
        AtomicInteger sent = new AtomicInteger();
        while (sent.get() < n) {
            room.acquire();
            zk.create("/" + name + "/" + sent.getAndIncrement(), data, OPEN, CreateMode.PERSISTENT, (rc, p, c, s) -> {
                if (rc == KeeperException.Code.CONNECTIONLOSS.intValue()) {
                    Runtime.getRuntime().halt(0);
                }
                room.release();
            }, null);
        }
    }

    /** Removes and adds members: both lists are in the form of the reconfig command, "-" is none. */
    void reconfig(String leaving, String joining) throws Exception {
        Class<?> admin = Class.forName("org.apache.zookeeper.admin.ZooKeeperAdmin");
        Object a = admin.getConstructor(String.class, int.class, Watcher.class).newInstance(server, 30000, (Watcher) e -> { });
        Method m = admin.getMethod("reconfigure", String.class, String.class, String.class, long.class, Stat.class);
        m.invoke(a, joining.equals("-") ? null : joining, leaving.equals("-") ? null : leaving, null, -1L, new Stat());
        admin.getMethod("close").invoke(a);
    }

    void sync() throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        zk.sync("/", (rc, p, c) -> done.countDown(), null);
        done.await();
    }
}
