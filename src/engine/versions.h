/* What the engine says it is. */
#ifndef OPENESE_ENGINE_VERSIONS_H
#define OPENESE_ENGINE_VERSIONS_H

/* JetGetVersion: major 10 (bits 28-31), minor 0 (24-27), build 19041 (8-23), service pack 0 (0-7); clients switch features on by the build
 * (abi 2). */
#define ENGINE_VERSION_WORD 0xA04A6100u
/* Event 102 and the headers of databases and logs. */
enum { ENGINE_VERSION_MAJOR = 10, ENGINE_VERSION_MINOR = 0, ENGINE_VERSION_BUILD = 19041 };

#endif
