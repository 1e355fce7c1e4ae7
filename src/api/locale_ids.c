/* The table of locale ids (locale_ids.h): Microsoft's numbers for the languages of Windows ([MS-LCID]); several may stand for one name, the first is given back. */
#include "api/locale_ids.h"

#include <stddef.h>

#include "base/text.h"

static const struct {
    const char *name;
    uint16_t id;
} locales[] = {
    {"", 0x7F}, {"ar-SA", 0x401}, {"bg-BG", 0x402}, {"ca-ES", 0x403}, {"zh-TW", 0x404}, {"cs-CZ", 0x405}, {"da-DK", 0x406}, {"de-DE", 0x407}, {"el-GR", 0x408}, {"en-US", 0x409},
    {"en-US", 0x400}, {"en-US", 0x800}, {"fi-FI", 0x40B}, {"fr-FR", 0x40C}, {"he-IL", 0x40D}, {"hu-HU", 0x40E}, {"is-IS", 0x40F}, {"it-IT", 0x410}, {"ja-JP", 0x411},
    {"ko-KR", 0x412}, {"nl-NL", 0x413}, {"nb-NO", 0x414}, {"pl-PL", 0x415}, {"pt-BR", 0x416}, {"rm-CH", 0x417}, {"ro-RO", 0x418}, {"ru-RU", 0x419}, {"hr-HR", 0x41A},
    {"sk-SK", 0x41B}, {"sq-AL", 0x41C}, {"sv-SE", 0x41D}, {"th-TH", 0x41E}, {"tr-TR", 0x41F}, {"ur-PK", 0x420}, {"id-ID", 0x421}, {"uk-UA", 0x422}, {"be-BY", 0x423},
    {"sl-SI", 0x424}, {"et-EE", 0x425}, {"lv-LV", 0x426}, {"lt-LT", 0x427}, {"fa-IR", 0x429}, {"vi-VN", 0x42A}, {"hy-AM", 0x42B}, {"az-Latn-AZ", 0x42C}, {"eu-ES", 0x42D},
    {"mk-MK", 0x42F}, {"af-ZA", 0x436}, {"ka-GE", 0x437}, {"fo-FO", 0x438}, {"hi-IN", 0x439}, {"mt-MT", 0x43A}, {"ms-MY", 0x43E}, {"kk-KZ", 0x43F}, {"ky-KG", 0x440},
    {"sw-KE", 0x441}, {"tk-TM", 0x442}, {"uz-Latn-UZ", 0x443}, {"tt-RU", 0x444}, {"bn-IN", 0x445}, {"pa-IN", 0x446}, {"gu-IN", 0x447}, {"ta-IN", 0x449}, {"te-IN", 0x44A},
    {"kn-IN", 0x44B}, {"ml-IN", 0x44C}, {"mr-IN", 0x44E}, {"mn-MN", 0x450}, {"cy-GB", 0x452}, {"gl-ES", 0x456}, {"ar-IQ", 0x801}, {"zh-CN", 0x804}, {"de-CH", 0x807},
    {"en-GB", 0x809}, {"es-MX", 0x80A}, {"fr-BE", 0x80C}, {"it-CH", 0x810}, {"nl-BE", 0x813}, {"nn-NO", 0x814}, {"pt-PT", 0x816}, {"sr-Latn-CS", 0x81A}, {"sv-FI", 0x81D},
    {"ga-IE", 0x83C}, {"ar-EG", 0xC01}, {"zh-HK", 0xC04}, {"de-AT", 0xC07}, {"en-AU", 0xC09}, {"es-ES", 0xC0A}, {"fr-CA", 0xC0C}, {"sr-Cyrl-CS", 0xC1A}, {"ar-LY", 0x1001},
    {"zh-SG", 0x1004}, {"de-LU", 0x1007}, {"en-CA", 0x1009}, {"fr-CH", 0x100C}, {"ar-DZ", 0x1401}, {"zh-MO", 0x1404}, {"de-LI", 0x1407}, {"en-NZ", 0x1409}, {"es-CR", 0x140A},
    {"fr-LU", 0x140C}, {"ar-MA", 0x1801}, {"en-IE", 0x1809}, {"en-ZA", 0x1C09}, {"es-CO", 0x240A}, {"es-PE", 0x280A}, {"es-AR", 0x2C0A}, {"es-CL", 0x340A}, {"en-IN", 0x4009},
    {"en-SG", 0x4809}, {"de", 0x07}, {"en", 0x09}, {"es", 0x0A}, {"fr", 0x0C}, {"it", 0x10}, {"ja", 0x11}, {"nl", 0x13}, {"pl", 0x15}, {"pt", 0x16}, {"ru", 0x19}};

const char *locale_name_of_id(uint32_t id)
{
    for (size_t i = 0; i < sizeof locales / sizeof *locales; i++)
        if (locales[i].id == id)
            return locales[i].name;
    return NULL;
}

uint32_t locale_id_of_name(const char *name)
{
    for (size_t i = 0; i < sizeof locales / sizeof *locales; i++)
        if (ascii_compare_nocase(locales[i].name, name) == 0)
            return locales[i].id;
    return LOCALE_ID_UNSPECIFIED;
}
