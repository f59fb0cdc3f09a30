import java.io.File;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.StringJoiner;
import java.util.TreeSet;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;
import org.apache.zookeeper.server.DataTree;
import org.apache.zookeeper.server.persistence.FileTxnLog;
import org.apache.zookeeper.server.persistence.TxnLog;

/**
 * What a client would have been shown after each of some transactions, by ZooKeeper's own code: `DIR OUT ZXID…` applies the logs in DIR from
 * the first transaction on, to an empty tree, and writes a file OUT/ZXID with a line for each znode. To be run by `java Model.java`.
 */
public class Model {
    public static void main(String[] args) throws Exception {
        TreeSet<Long> wanted = new TreeSet<>();
        for (int i = 2; i < args.length; i++) {
            wanted.add(Long.decode(args[i]));
        }
        DataTree tree = new DataTree();
        try (TxnLog.TxnIterator it = new FileTxnLog(new File(args[0])).read(1)) {
            do {
                tree.processTxn(it.getHeader(), it.getTxn());
                long zxid = it.getHeader().getZxid();
                if (wanted.remove(zxid)) {
                    try (PrintWriter out = new PrintWriter(new File(args[1], "0x" + Long.toHexString(zxid)), StandardCharsets.UTF_8)) {
                        print(tree, "/", out);
                    }
                }
            } while (!wanted.isEmpty() && it.next());
        }
        if (!wanted.isEmpty()) {
            throw new IllegalArgumentException("the logs do not hold " + wanted);
        }
        System.exit(0);
    }

    private static void print(DataTree tree, String path, PrintWriter out) throws Exception {
        Stat s = new Stat();
        byte[] data = tree.getData(path, s, null);
        StringJoiner acls = new StringJoiner(",");
        for (ACL a : tree.getACL(path, new Stat())) {
            acls.add(a.getPerms() + ":" + base64(a.getId().getScheme()) + ":" + base64(a.getId().getId()));
        }
        out.println(base64(path) + "\t" + Base64.getEncoder().encodeToString(data == null ? new byte[0] : data) + "\t"
            + s.getCzxid() + " " + s.getMzxid() + " " + s.getCtime() + " " + s.getMtime() + " " + s.getVersion() + " " + s.getCversion() + " "
            + s.getAversion() + " " + s.getEphemeralOwner() + " " + s.getDataLength() + " " + s.getNumChildren() + " " + s.getPzxid() + "\t" + acls);
        for (String child : tree.getChildren(path, null, null)) {
            print(tree, path.equals("/") ? "/" + child : path + "/" + child, out);
        }
    }

    private static String base64(String s) {
        return Base64.getEncoder().encodeToString(s.getBytes(StandardCharsets.UTF_8));
    }
}
