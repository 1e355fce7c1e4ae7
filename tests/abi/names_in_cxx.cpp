// esent.h in a C++ program: handles, nil values, structures with anonymous parts, both string forms.
#include "esent.h"

#include <type_traits>

static_assert(std::is_same<decltype(&JetInit), JET_ERR (*)(JET_INSTANCE *)>::value, "C++ sees JetInit's prototype");
static_assert(std::is_same<decltype(&JetOpenDatabaseW),
                           JET_ERR (*)(JET_SESID, const char16_t *, const char16_t *, JET_DBID *, JET_GRBIT)>::value,
              "wide strings are char16_t");
static_assert(std::is_same<decltype(&JetOpenDatabaseA), JET_ERR (*)(JET_SESID, const char *, const char *, JET_DBID *, JET_GRBIT)>::value,
              "narrow strings are char");
#ifdef JET_UNICODE
static_assert(std::is_same<JET_COLUMNCREATE, JET_COLUMNCREATE_W>::value, "JET_UNICODE selects the wide structures");
static_assert(std::is_same<decltype(&JetOpenDatabase), decltype(&JetOpenDatabaseW)>::value, "JET_UNICODE selects the wide functions");
#else
static_assert(std::is_same<JET_COLUMNCREATE, JET_COLUMNCREATE_A>::value, "the plain name is the narrow structure");
static_assert(std::is_same<decltype(&JetOpenDatabase), decltype(&JetOpenDatabaseA)>::value, "the plain name is the narrow function");
#endif

JET_ERR first_value(const JET_ENUMCOLUMN &column, uint32_t *size);

JET_ERR first_value(const JET_ENUMCOLUMN &column, uint32_t *size)
{
    if (column.err == JET_wrnColumnSingleValue)
        *size = column.cbData;
    else if (column.cEnumColumnValue > 0)
        *size = column.rgEnumColumnValue[0].cbData;
    else
        return JET_errColumnNotFound;
    return JET_errSuccess;
}
