// A program from Windows' world on OpenESE: creates a database through P/Invoke, fills it, seeks, takes a streaming backup while rows are added, restores it
// elsewhere, and compares what it reads with what it wrote. Usage: mono sample.exe FOLDER (made anew).
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using static Esent;

sealed class Notebook : IDisposable
{
    public IntPtr Instance;
    IntPtr session, table;
    uint idColumn, textColumn;
    readonly string path;

    public Notebook(string folder, bool create)
    {
        path = Path.Combine(folder, "notes.edb");
        Must(JetCreateInstanceW(out Instance, "sample " + folder));
        Set(ParameterSystemPath, 0, folder);
        Set(ParameterLogFilePath, 0, folder);
        Set(ParameterTempPath, 0, Path.Combine(folder, "temp.edb"));
        Set(ParameterLogFileSize, 256, null);
        Set(ParameterNoInformationEvent, 1, null);
        Must(JetInit(ref Instance));
        Must(JetBeginSessionW(Instance, out session, null, null));
        if (create) Create(); else Open();
    }

    void Set(uint parameter, int number, string text)
    {
        Must(JetSetSystemParameterW(ref Instance, IntPtr.Zero, parameter, (IntPtr)number, text));
    }

    void Create()
    {
        uint database;
        Must(JetCreateDatabaseW(session, path, null, out database, 0));
        Must(JetCreateTableW(session, database, "notes", 16, 100, out table));
        idColumn = AddColumn("id", ColumnTypeLong, ColumnNotNull);
        textColumn = AddColumn("text", ColumnTypeLongText, 0);
        const string key = "+id\0\0";
        Must(JetCreateIndexW(session, table, "by_id", IndexPrimary | IndexUnique, key, (uint)(2 * key.Length), 100));
        Must(JetSetCurrentIndexW(session, table, "by_id"));
    }

    uint AddColumn(string name, int type, uint options)
    {
        var definition = new ColumnDefinition {
            Size = (uint)Marshal.SizeOf(typeof(ColumnDefinition)), Type = (uint)type, Options = options,
            CodePage = type == ColumnTypeLongText ? CodePageUnicode : (ushort)0
        };
        uint column;
        Must(JetAddColumnW(session, table, name, ref definition, IntPtr.Zero, 0, out column));
        return column;
    }

    void Open()
    {
        uint database;
        Must(JetAttachDatabaseW(session, path, 0));
        Must(JetOpenDatabaseW(session, path, null, out database, 0));
        Must(JetOpenTableW(session, database, "notes", IntPtr.Zero, 0, 0, out table));
        idColumn = ColumnId("id");
        textColumn = ColumnId("text");
    }

    uint ColumnId(string name)
    {
        ColumnDefinition found;
        Must(JetGetTableColumnInfoW(session, table, name, out found, (uint)Marshal.SizeOf(typeof(ColumnDefinition)), 0));
        return found.ColumnId;
    }

    /// What note number `id` says: from a word to several pages.
    public static string Text(int id)
    {
        return "note \u2116 " + id + new string((char)('a' + id % 26), id % 100 == 0 ? 5000 : id % 50);
    }

    /// Adds notes first to last in one transaction.
    public void Add(int first, int last)
    {
        Must(JetBeginTransaction(session));
        try
        {
            for (int id = first; id <= last; id++)
            {
                Must(JetPrepareUpdate(session, table, PrepareInsert));
                byte[] text = Encoding.Unicode.GetBytes(Text(id));
                Must(JetSetColumn(session, table, idColumn, BitConverter.GetBytes(id), 4, 0, IntPtr.Zero));
                Must(JetSetColumn(session, table, textColumn, text, (uint)text.Length, 0, IntPtr.Zero));
                Must(JetUpdate(session, table, IntPtr.Zero, 0, IntPtr.Zero));
            }
            Must(JetCommitTransaction(session, 0));
        }
        catch
        {
            JetRollback(session, 0);
            throw;
        }
    }

    void MakeKey(int id, uint options)
    {
        Must(JetMakeKey(session, table, BitConverter.GetBytes(id), 4, NewKey | options));
    }

    byte[] Read(uint column)
    {
        var buffer = new byte[64];
        uint actual;
        Must(JetRetrieveColumn(session, table, column, buffer, (uint)buffer.Length, out actual, 0, IntPtr.Zero));
        if (actual > buffer.Length)
        {
            buffer = new byte[actual];
            Must(JetRetrieveColumn(session, table, column, buffer, (uint)buffer.Length, out actual, 0, IntPtr.Zero));
        }
        Array.Resize(ref buffer, (int)actual);
        return buffer;
    }

    public string Find(int id)
    {
        MakeKey(id, 0);
        return Found(JetSeek(session, table, SeekEqual), ErrorRecordNotFound) ? Encoding.Unicode.GetString(Read(textColumn)) : null;
    }

    /// Ids from low to high, each with the right text.
    public List<int> Range(int low, int high)
    {
        var ids = new List<int>();
        MakeKey(low, 0);
        if (!Found(JetSeek(session, table, SeekGreaterOrEqual), ErrorRecordNotFound)) return ids;
        MakeKey(high, FullColumnEndLimit);
        bool there = Found(JetSetIndexRange(session, table, RangeInclusive | RangeUpperLimit), ErrorNoCurrentRecord);
        while (there)
        {
            int id = BitConverter.ToInt32(Read(idColumn), 0);
            Sample.Check(Encoding.Unicode.GetString(Read(textColumn)) == Text(id), "text of note " + id);
            ids.Add(id);
            there = Found(JetMove(session, table, MoveNext, 0), ErrorNoCurrentRecord);
        }
        return ids;
    }

    public void Dispose()
    {
        Must(JetEndSession(session, 0));
        Must(JetTerm(Instance));
    }
}

/// A streaming backup into a folder; `betweenFiles` runs when the databases are copied and the logs are not.
sealed class Backup
{
    const int Piece = 1 << 18, Alignment = 4096;
    readonly IntPtr instance;
    readonly string folder;

    public Backup(IntPtr instance, string folder)
    {
        this.instance = instance;
        this.folder = folder;
    }

    delegate int Lister(IntPtr instance, byte[] list, uint size, out uint actual);

    /// Returns the paths of the databases.
    public string[] Take(Action betweenFiles)
    {
        uint end = BackupEndAbort;
        Must(JetBeginExternalBackupInstance(instance, 0));
        try
        {
            string[] databases = Copy(JetGetAttachInfoInstanceW);
            betweenFiles();
            Copy(JetGetLogInfoInstanceW);
            Must(JetTruncateLogInstance(instance));
            end = BackupEndNormal;
            return databases;
        }
        finally
        {
            Must(JetEndExternalBackupInstance2(instance, end));
        }
    }

    string[] Copy(Lister lister)
    {
        var list = new byte[1 << 16];
        uint actual;
        Must(lister(instance, list, (uint)list.Length, out actual));
        string[] paths = Encoding.Unicode.GetString(list, 0, (int)actual).Split(new[] { '\0' }, StringSplitOptions.RemoveEmptyEntries);
        foreach (string path in paths) CopyFile(path);
        return paths;
    }

    void CopyFile(string path)
    {
        IntPtr file, memory = Marshal.AllocHGlobal(Piece + Alignment);
        var buffer = (IntPtr)(((long)memory + Alignment - 1) / Alignment * Alignment);
        uint low, high, got;
        Must(JetOpenFileInstanceW(instance, path, out file, out low, out high));
        using (var target = File.Create(Path.Combine(folder, Path.GetFileName(path))))
        {
            var piece = new byte[Piece];
            for (Must(JetReadFileInstance(instance, file, buffer, Piece, out got)); got > 0; Must(JetReadFileInstance(instance, file, buffer, Piece, out got)))
            {
                Marshal.Copy(buffer, piece, 0, (int)got);
                target.Write(piece, 0, (int)got);
            }
        }
        Must(JetCloseFileInstance(instance, file));
        Marshal.FreeHGlobal(memory);
    }

    /// Brings the copy of a database into another folder to the state that it had at the end of the backup.
    public static void Restore(string backup, string original, string folder)
    {
        string restored = Path.Combine(folder, Path.GetFileName(original));
        File.Copy(Path.Combine(backup, Path.GetFileName(original)), restored);
        var logs = new LogRange { Size = (uint)Marshal.SizeOf(typeof(LogRange)), First = uint.MaxValue, BaseName = "edb" };
        foreach (string log in Directory.GetFiles(backup, "edb*.log"))
        {
            uint generation = uint.Parse(Path.GetFileNameWithoutExtension(log).Substring(3), NumberStyles.HexNumber);
            logs.First = Math.Min(logs.First, generation);
            logs.Last = Math.Max(logs.Last, generation);
        }
        var map = new[] { new RestoreMap { Original = original, Restored = restored } };
        Must(JetExternalRestore2W(folder, folder, map, 1, backup, ref logs, null, null, null, IntPtr.Zero));
    }
}

static class Sample
{
    public static void Check(bool holds, string what)
    {
        if (!holds) throw new Exception("not as it should be: " + what);
    }

    static void CheckIds(List<int> ids, int first, int last)
    {
        Check(ids.Count == last - first + 1, "number of notes: " + ids.Count);
        for (int i = 0; i < ids.Count; i++) Check(ids[i] == first + i, "order of notes");
    }

    static string Folder(string parent, string name)
    {
        return Directory.CreateDirectory(Path.Combine(parent, name)).FullName;
    }

    static int Main(string[] arguments)
    {
        if (arguments.Length != 1)
        {
            Console.Error.WriteLine("usage: mono sample.exe FOLDER");
            return 2;
        }
        string top = Path.GetFullPath(arguments[0]);
        if (Directory.Exists(top)) Directory.Delete(top, true);
        string live = Folder(top, "live"), set = Folder(top, "set"), restored = Folder(top, "restored");
        Must(JetSetSystemParameterW(IntPtr.Zero, IntPtr.Zero, ParameterDatabasePageSize, (IntPtr)8192, null));

        string[] databases;
        using (var notebook = new Notebook(live, true))
        {
            notebook.Add(1, 2000);
            Check(notebook.Find(1234) == Notebook.Text(1234) && notebook.Find(2000) == Notebook.Text(2000), "notes found by seeking");
            Check(notebook.Find(2001) == null, "a note that is not there");
            CheckIds(notebook.Range(500, 700), 500, 700);
            try
            {
                notebook.Add(2000, 2000);
                Check(false, "the same id twice");
            }
            catch (Error error)
            {
                Check(error.Number == -1605, "error " + error.Number); // JET_errKeyDuplicate
            }
            databases = new Backup(notebook.Instance, set).Take(() => notebook.Add(2001, 2500));
            notebook.Add(2501, 2600); // after the backup
            CheckIds(notebook.Range(1, int.MaxValue), 1, 2600);
        }
        Check(databases.Length == 1 && databases[0] == Path.Combine(live, "notes.edb"), "databases in the backup");
        Backup.Restore(set, databases[0], restored);
        using (var notebook = new Notebook(restored, false)) CheckIds(notebook.Range(1, int.MaxValue), 1, 2500);
        Console.WriteLine("2600 notes written, 2500 restored from a backup taken meanwhile: all as they should be");
        return 0;
    }
}
