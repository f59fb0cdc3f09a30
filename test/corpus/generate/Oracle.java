import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.Adler32;
import org.apache.jute.BinaryInputArchive;
import org.apache.jute.InputArchive;
import org.apache.jute.Record;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;
import org.apache.zookeeper.data.StatPersisted;
import org.apache.zookeeper.server.DataNode;
import org.apache.zookeeper.server.DataTree;
import org.apache.zookeeper.server.persistence.FileSnap;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;
import org.apache.zookeeper.server.util.SerializeUtils;
import org.apache.zookeeper.txn.Txn;
import org.apache.zookeeper.txn.TxnHeader;

/**
 * Writes, with the classes of one ZooKeeper release, an exact and complete account of one server's directory: what the
 * release's own tools print loses the ACLs, the digests, the milliseconds, and null against empty data.
 *
 *   java Oracle DATADIR LOGDIR OUTDIR
 *
 * OUTDIR gets log.X.exact, snapshot.X.exact, and state.exact: the tree that the server would boot with. The directory
 * is loaded in place and ZooKeeper may change it, so pass a copy. Standard output gets one JSON object.
 */
public class Oracle {
    public static void main(String[] args) throws Exception {
        File data = new File(args[0], "version-2");
        File logs = new File(args[1], "version-2");
        File out = new File(args[2]);
        for (File f : list(logs, "log.")) {
            try (PrintStream to = print(out, f.getName())) {
                dumpLog(f, to);
            }
        }
        for (File f : list(data, "snapshot.")) {
            try (PrintStream to = print(out, f.getName())) {
                dumpSnapshot(f, to);
            }
        }
        try (PrintStream to = print(out, "state")) {
            System.out.println(boot(args[0], args[1], to));
        }
        System.exit(0);
    }

    static File[] list(File dir, String prefix) {
        File[] files = dir.listFiles((d, name) -> name.startsWith(prefix));
        Arrays.sort(files);
        return files;
    }

    static PrintStream print(File dir, String name) throws Exception {
        return new PrintStream(new File(dir, name + ".exact"), "UTF-8");
    }

    // --- logs

    static void dumpLog(File f, PrintStream out) throws Exception {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(new FileInputStream(f)))) {
            byte[] header = new byte[16];
            in.readFully(header);
            out.println("end " + records(in, out));
        } catch (EOFException e) {
            out.println("end short");
        }
    }

    /** Prints the records and says what ended them: zeros, eof, torn or corrupt. */
    static String records(DataInputStream in, PrintStream out) throws Exception {
        while (true) {
            if (in.available() == 0) {
                in.mark(1);
                if (in.read() < 0) {
                    return "eof";
                }
                in.reset();
            }
            byte[] payload;
            long checksum;
            try {
                checksum = in.readLong();
                int length = in.readInt();
                if (length == 0) {
                    return "zeros";
                }
                if (length < 0 || length > 64 << 20) {
                    return "corrupt";
                }
                payload = new byte[length];
                in.readFully(payload);
                if (in.readByte() != 'B') {
                    return "torn";
                }
            } catch (EOFException e) {
                return "torn";
            }
            Adler32 sum = new Adler32();
            sum.update(payload, 0, payload.length);
            if (sum.getValue() != checksum) {
                return "corrupt";
            }
            out.println(describe(payload));
        }
    }

    static String describe(byte[] payload) throws Exception {
        TxnHeader hdr;
        Record txn;
        Object digest = null;
        try {
            Method m = SerializeUtils.class.getMethod("deserializeTxn", byte[].class, TxnHeader.class);
            hdr = new TxnHeader();
            txn = (Record) m.invoke(null, payload, hdr);
        } catch (NoSuchMethodException e) {
            Object entry = SerializeUtils.class.getMethod("deserializeTxn", byte[].class).invoke(null, payload);
            hdr = (TxnHeader) get(entry, "getHeader");
            txn = (Record) get(entry, "getTxn");
            digest = get(entry, "getDigest");
        }
        StringBuilder line = new StringBuilder();
        line.append("zxid=0x").append(Long.toHexString(hdr.getZxid()));
        line.append(" session=0x").append(Long.toHexString(hdr.getClientId()));
        line.append(" cxid=").append(hdr.getCxid()).append(" time=").append(hdr.getTime());
        line.append(" type=").append(hdr.getType()).append(" digest=");
        if (digest == null) {
            line.append("none");
        } else {
            line.append(get(digest, "getVersion")).append(':').append(Long.toUnsignedString((Long) get(digest, "getTreeDigest")));
        }
        return line.append(body(txn)).toString();
    }

    static Object get(Object o, String getter) throws Exception {
        return o.getClass().getMethod(getter).invoke(o);
    }

    /** The fields of a transaction, found by the names of its getters and written by name. */
    static String body(Record txn) throws Exception {
        TreeMap<String, String> fields = new TreeMap<>();
        if (txn == null) {
            return " body=none";
        }
        for (Method m : txn.getClass().getMethods()) {
            if (m.getName().startsWith("get") && m.getParameterCount() == 0 && m.getDeclaringClass() != Object.class) {
                fields.put(m.getName().substring(3), value(m.invoke(txn)));
            }
        }
        StringBuilder s = new StringBuilder();
        for (Map.Entry<String, String> e : fields.entrySet()) {
            s.append(' ').append(e.getKey()).append('=').append(e.getValue());
        }
        return s.toString();
    }

    static String value(Object v) throws Exception {
        if (v instanceof byte[]) {
            return hex((byte[]) v);
        }
        if (v instanceof String) {
            return quote((String) v);
        }
        if (v instanceof ACL) {
            ACL a = (ACL) v;
            return a.getPerms() + ":" + quote(a.getId().getScheme()) + ":" + quote(a.getId().getId());
        }
        if (v instanceof Txn) {
            Txn t = (Txn) v;
            return "{type=" + t.getType() + body(inner(t)) + "}";
        }
        if (v instanceof List) {
            List<String> parts = new ArrayList<>();
            for (Object o : (List<?>) v) {
                parts.add(value(o));
            }
            return "[" + String.join(",", parts) + "]";
        }
        return String.valueOf(v);
    }

    static Record inner(Txn t) throws Exception {
        Record r = (Record) Class.forName("org.apache.zookeeper.txn." + innerClass(t.getType())).getConstructor().newInstance();
        InputArchive in = BinaryInputArchive.getArchive(new java.io.ByteArrayInputStream(t.getData()));
        r.deserialize(in, "txn");
        return r;
    }

    static String innerClass(int type) {
        switch (type) {
            case -1: return "ErrorTxn";
            case 1: case 15: return "CreateTxn";
            case 2: case 20: return "DeleteTxn";
            case 5: return "SetDataTxn";
            case 13: return "CheckVersionTxn";
            case 19: return "CreateContainerTxn";
            case 21: return "CreateTTLTxn";
            default: throw new IllegalArgumentException("type " + type + " inside a multi");
        }
    }

    /** Bytes as hex digits, a long run of one byte as byte*count: large nodes stay small in the corpus. */
    static String hex(byte[] b) {
        if (b == null) {
            return "null";
        }
        if (b.length > 1024) {
            java.util.zip.CRC32 crc = new java.util.zip.CRC32();
            crc.update(b, 0, b.length);
            return "crc32:" + Long.toHexString(crc.getValue()) + ":" + b.length;
        }
        StringBuilder s = new StringBuilder("x");
        for (byte x : b) {
            s.append(String.format("%02x", x));
        }
        return s.toString();
    }

    static String quote(String v) {
        if (v == null) {
            return "null";
        }
        StringBuilder s = new StringBuilder("\"");
        for (char c : v.toCharArray()) {
            if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') {
                s.append(String.format("\\u%04x", (int) c));
            } else {
                s.append(c);
            }
        }
        return s.append('"').toString();
    }

    // --- trees

    static void dumpSnapshot(File f, PrintStream out) throws Exception {
        DataTree tree = new DataTree();
        Map<Long, Integer> sessions = new HashMap<>();
        try (InputStream in = open(f)) {
            Method m = FileSnap.class.getMethod("deserialize", DataTree.class, Map.class, InputArchive.class);
            m.invoke(new FileSnap(null), tree, sessions, BinaryInputArchive.getArchive(in));
        } catch (InvocationTargetException e) {
            out.println("unreadable " + e.getCause());
            return;
        }
        dumpTree(tree, sessions, out);
    }

    static InputStream open(File f) throws Exception {
        try {
            Method m = Class.forName("org.apache.zookeeper.server.persistence.SnapStream").getMethod("getInputStream", File.class);
            return (InputStream) m.invoke(null, f);
        } catch (ClassNotFoundException e) {
            return new BufferedInputStream(new FileInputStream(f));
        }
    }

    static void dumpTree(DataTree tree, Map<Long, Integer> sessions, PrintStream out) throws Exception {
        for (Map.Entry<Long, Integer> e : new TreeMap<>(sessions).entrySet()) {
            out.println("session 0x" + Long.toHexString(e.getKey()) + " timeout=" + e.getValue());
        }
        dumpNode(tree, "/", out);
    }

    static void dumpNode(DataTree tree, String path, PrintStream out) throws Exception {
        DataNode n = tree.getNode(path);
        StatPersisted s = n.stat;
        out.println("node " + quote(path) + " data=" + hex(data(n))
            + " czxid=0x" + Long.toHexString(s.getCzxid()) + " mzxid=0x" + Long.toHexString(s.getMzxid())
            + " pzxid=0x" + Long.toHexString(s.getPzxid()) + " ctime=" + s.getCtime() + " mtime=" + s.getMtime()
            + " version=" + s.getVersion() + " cversion=" + s.getCversion() + " aversion=" + s.getAversion()
            + " owner=0x" + Long.toHexString(s.getEphemeralOwner()) + " acl=" + acl(tree, path));
        for (String child : new TreeSet<>(n.getChildren())) {
            dumpNode(tree, path.equals("/") ? "/" + child : path + "/" + child, out);
        }
    }

    static byte[] data(DataNode n) throws Exception {
        Field f = DataNode.class.getDeclaredField("data");
        f.setAccessible(true);
        return (byte[]) f.get(n);
    }

    static String acl(DataTree tree, String path) throws Exception {
        try {
            return value(tree.getACL(path, new Stat()));
        } catch (RuntimeException e) {
            return "dangling";
        }
    }

    /** Loads the directory as a server does when it starts, and describes the outcome as JSON. */
    static String boot(String data, String logs, PrintStream out) throws Exception {
        DataTree tree = new DataTree();
        Map<Long, Integer> sessions = new HashMap<>();
        try {
            FileTxnSnapLog files = new FileTxnSnapLog(new File(logs), new File(data));
            long last = files.restore(tree, sessions, listener());
            dumpTree(tree, sessions, out);
            return "\"boots\":true,\"lastZxid\":\"0x" + Long.toHexString(last) + "\",\"nodes\":" + tree.getNodeCount()
                + ",\"digest\":" + digest(tree);
        } catch (Exception e) {
            out.println("refused " + e);
            return "\"boots\":false,\"refusal\":" + quote(String.valueOf(e));
        }
    }

    static FileTxnSnapLog.PlayBackListener listener() {
        Class<?> type = FileTxnSnapLog.PlayBackListener.class;
        return (FileTxnSnapLog.PlayBackListener) java.lang.reflect.Proxy.newProxyInstance(
            type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> null);
    }

    static String digest(DataTree tree) {
        try {
            return "\"" + Long.toUnsignedString((Long) get(tree, "getTreeDigest")) + "\"";
        } catch (Exception e) {
            return "null";
        }
    }
}
