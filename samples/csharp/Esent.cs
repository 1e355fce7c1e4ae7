// The calls of libesent that the sample makes, as C# declares them for Windows' esent.dll: UTF-16 strings, the W functions, handles as wide as a pointer.
using System;
using System.Runtime.InteropServices;

static class Esent
{
    const string Library = "esent"; // sample.exe.config says which file that is on Linux

    public const int ColumnTypeLong = 4, ColumnTypeLongText = 12;
    public const uint ParameterSystemPath = 0, ParameterTempPath = 1, ParameterLogFilePath = 2, ParameterLogFileSize = 11, ParameterDatabasePageSize = 64,
        ParameterNoInformationEvent = 50;
    public const uint ColumnNotNull = 4, IndexUnique = 1, IndexPrimary = 2, NewKey = 1, FullColumnEndLimit = 0x200, SeekEqual = 1, SeekGreaterOrEqual = 8,
        RangeInclusive = 1, RangeUpperLimit = 2, BackupEndNormal = 1, BackupEndAbort = 2;
    public const uint PrepareInsert = 0;
    public const ushort CodePageUnicode = 1200;
    public const int MoveNext = 1, ErrorNoCurrentRecord = -1603, ErrorRecordNotFound = -1601;

    public sealed class Error : Exception
    {
        public readonly int Number;
        public Error(int number) : base("esent error " + number) { Number = number; }
    }

    /// Errors become exceptions; what is left is success or a warning.
    public static int Must(int err)
    {
        if (err < 0) throw new Error(err);
        return err;
    }

    /// For calls that answer "there is none" by one error.
    public static bool Found(int err, int none)
    {
        if (err == none) return false;
        Must(err);
        return true;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ColumnDefinition // JET_COLUMNDEF
    {
        public uint Size, ColumnId, Type;
        public ushort Country, Language, CodePage, Collate;
        public uint MaximumSize, Options;
    }

    [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
    public struct RestoreMap // JET_RSTMAP_W
    {
        [MarshalAs(UnmanagedType.LPWStr)] public string Original, Restored;
    }

    [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
    public struct LogRange // JET_LOGINFO_W
    {
        public uint Size, First, Last;
        [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 4)] public string BaseName;
    }

    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int JetSetSystemParameterW(IntPtr noInstance, IntPtr session, uint parameter, IntPtr number, string text);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int JetSetSystemParameterW(ref IntPtr instance, IntPtr session, uint parameter, IntPtr number, string text);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int JetCreateInstanceW(out IntPtr instance, string name);
    [DllImport(Library)]
    public static extern int JetInit(ref IntPtr instance);
    [DllImport(Library)]
    public static extern int JetTerm(IntPtr instance);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int JetBeginSessionW(IntPtr instance, out IntPtr session, string user, string password);
    [DllImport(Library)]
    public static extern int JetEndSession(IntPtr session, uint options);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int JetCreateDatabaseW(IntPtr session, string path, string connect, out uint database, uint options);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int JetAttachDatabaseW(IntPtr session, string path, uint options);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int JetOpenDatabaseW(IntPtr session, string path, string connect, out uint database, uint options);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int JetCreateTableW(IntPtr session, uint database, string name, uint pages, uint density, out IntPtr table);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int JetOpenTableW(IntPtr session, uint database, string name, IntPtr parameters, uint parametersSize, uint options, out IntPtr table);
    [DllImport(Library)]
    public static extern int JetCloseTable(IntPtr session, IntPtr table);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int JetAddColumnW(IntPtr session, IntPtr table, string name, ref ColumnDefinition definition, IntPtr defaultValue, uint defaultSize,
        out uint column);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int JetGetTableColumnInfoW(IntPtr session, IntPtr table, string name, out ColumnDefinition definition, uint size, uint level);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int JetCreateIndexW(IntPtr session, IntPtr table, string name, uint options, string key, uint keySize, uint density);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int JetSetCurrentIndexW(IntPtr session, IntPtr table, string name);
    [DllImport(Library)]
    public static extern int JetBeginTransaction(IntPtr session);
    [DllImport(Library)]
    public static extern int JetCommitTransaction(IntPtr session, uint options);
    [DllImport(Library)]
    public static extern int JetRollback(IntPtr session, uint options);
    [DllImport(Library)]
    public static extern int JetPrepareUpdate(IntPtr session, IntPtr table, uint kind);
    [DllImport(Library)]
    public static extern int JetSetColumn(IntPtr session, IntPtr table, uint column, byte[] data, uint size, uint options, IntPtr info);
    [DllImport(Library)]
    public static extern int JetUpdate(IntPtr session, IntPtr table, IntPtr bookmark, uint bookmarkSize, IntPtr actual);
    [DllImport(Library)]
    public static extern int JetRetrieveColumn(IntPtr session, IntPtr table, uint column, byte[] data, uint size, out uint actual, uint options, IntPtr info);
    [DllImport(Library)]
    public static extern int JetMove(IntPtr session, IntPtr table, int rows, uint options);
    [DllImport(Library)]
    public static extern int JetMakeKey(IntPtr session, IntPtr table, byte[] data, uint size, uint options);
    [DllImport(Library)]
    public static extern int JetSeek(IntPtr session, IntPtr table, uint options);
    [DllImport(Library)]
    public static extern int JetSetIndexRange(IntPtr session, IntPtr table, uint options);
    [DllImport(Library)]
    public static extern int JetBeginExternalBackupInstance(IntPtr instance, uint options);
    [DllImport(Library)]
    public static extern int JetGetAttachInfoInstanceW(IntPtr instance, byte[] list, uint size, out uint actual);
    [DllImport(Library)]
    public static extern int JetGetLogInfoInstanceW(IntPtr instance, byte[] list, uint size, out uint actual);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int JetOpenFileInstanceW(IntPtr instance, string path, out IntPtr file, out uint sizeLow, out uint sizeHigh);
    [DllImport(Library)]
    public static extern int JetReadFileInstance(IntPtr instance, IntPtr file, IntPtr buffer, uint size, out uint actual);
    [DllImport(Library)]
    public static extern int JetCloseFileInstance(IntPtr instance, IntPtr file);
    [DllImport(Library)]
    public static extern int JetTruncateLogInstance(IntPtr instance);
    [DllImport(Library)]
    public static extern int JetEndExternalBackupInstance2(IntPtr instance, uint options);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int JetExternalRestore2W(string checkpointFolder, string logFolder, RestoreMap[] map, int mapCount, string backupFolder, ref LogRange logs,
        string targetInstance, string targetLogs, string targetCheckpoint, IntPtr progress);
}
