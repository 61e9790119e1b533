# SPDX-License-Identifier: Apache-2.0
#
# port/deflate.h: with zlib if it is there and wanted; else WebSockets agree upon no
# compression. The engine does no input or output, so every platform links the same one.
#   MK_HAS_DEFLATE      true: zlib is used
#   MK_DEFLATE_SOURCES  what implements the port
set(MK_HAS_DEFLATE OFF)
if(MK_WITH_DEFLATE)
    find_package(ZLIB)
    if(ZLIB_FOUND)
        set(MK_HAS_DEFLATE ON)
    else()
        message(STATUS "zlib (package zlib1g-dev) is missing: WebSockets do not compress")
    endif()
endif()

set(MK_DEFLATE_SOURCES ${PROJECT_SOURCE_DIR}/platforms/deflate/none.c)
if(MK_HAS_DEFLATE)
    link_libraries(ZLIB::ZLIB)
    set(MK_DEFLATE_SOURCES ${PROJECT_SOURCE_DIR}/platforms/deflate/zlib.c)
endif()
set(MK_HAS_DEFLATE ${MK_HAS_DEFLATE} CACHE INTERNAL "zlib is used")
add_library(mk_platform_deflate OBJECT ${MK_DEFLATE_SOURCES})
mk_compile(mk_platform_deflate)
target_compile_definitions(mk_platform_deflate PRIVATE MICROKERNEL_NARROW_HEADERS)
