import java.io.File;
import org.apache.zookeeper.server.ZKDatabase;
import org.apache.zookeeper.server.persistence.FileTxnLog;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;
import org.apache.zookeeper.server.persistence.TxnLog;

/**
 * What a ZooKeeper server does with a data directory when it starts, with the clock running: `load DIR` loads the snapshot and
 * replays the logs, `scan DIR` reads the logs. Prints nanoseconds and what was read. To be run by `java Bench.java`.
 */
public class Bench {
    public static void main(String[] args) throws Exception {
        File dir = new File(args[1]);
        long start = System.nanoTime();
        String did = args[0].equals("load") ? load(dir) : scan(dir);
        System.out.println((System.nanoTime() - start) + " " + did);
        System.exit(0);
    }

    /** A DataTree has its root twice, as "" and as "/". */
    private static String load(File dir) throws Exception {
        ZKDatabase db = new ZKDatabase(new FileTxnSnapLog(dir, dir));
        long zxid = db.loadDataBase();
        return (db.getNodeCount() - 1) + " znodes at 0x" + Long.toHexString(zxid);
    }

    private static String scan(File dir) throws Exception {
        long txns = 0;
        try (TxnLog.TxnIterator it = new FileTxnLog(new File(dir, "version-2")).read(1)) {
            do {
                txns++;
            } while (it.next());
        }
        return txns + " transactions";
    }
}
