# SPDX-License-Identifier: Apache-2.0
#
# A test file is one program. It links what its folder may know: the closure of that
# row of src/LAYERS on the simulated platform. tests/linux/ gets the real platform and
# everything, tests/sim/ the simulated platform and what it stands on; any other folder
# (scenario) gets everything, simulated, and tests/tls_none/ that without TLS. A .c of
# another name belongs to each program of its folder.

function(mk_tests_see target)
    mk_compile(${target})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_compile_options(${target} PRIVATE
        "SHELL:-iquote ${PROJECT_SOURCE_DIR}/platforms"
        "SHELL:-iquote ${PROJECT_SOURCE_DIR}/platforms/sim")
endfunction()

function(mk_add_test_entry name folder)
    set_tests_properties(${name} PROPERTIES
        TIMEOUT ${MK_TEST_TIMEOUT} LABELS "quick;${folder}")
endfunction()

# A library, so that a program takes only those helpers its layer can link.
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/support/*.c)
if(sources)
    add_library(mk_test_support STATIC EXCLUDE_FROM_ALL ${sources})
    mk_tests_see(mk_test_support)
endif()

set(mk_shell_file "")
if(TARGET mk-shell)
    set(mk_shell_file $<TARGET_FILE:mk-shell>)
endif()

file(GLOB folders CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/tests
    ${PROJECT_SOURCE_DIR}/tests/*)
set(test_programs)
foreach(folder IN LISTS folders)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${folder}/test_*.c)
    file(GLOB scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${folder}/test_*.sh)
    file(GLOB helpers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${folder}/*.c)
    list(FILTER helpers EXCLUDE REGEX "/test_[^/]*$")
    if(folder STREQUAL "support")
        set(sources)
    endif()
    set(closure ${MK_FOLDERS})
    if(DEFINED MK_CLOSURE_${folder})
        set(closure ${MK_CLOSURE_${folder}})
    endif()
    if(folder STREQUAL "sim")
        set(closure ${MK_CLOSURE_port})
    endif()
    set(platform sim)
    if(folder STREQUAL "linux")
        set(platform linux)
    endif()
    # The tests of the engine make certificates with OpenSSL.
    if(folder STREQUAL "tls" AND NOT MK_HAS_TLS)
        continue()
    endif()
    set(tls platform_tls)
    if(folder STREQUAL "tls_none")
        set(tls platform_tls_none)
    endif()
    if(folder STREQUAL "deflate" AND NOT MK_HAS_DEFLATE)
        continue()
    endif()
    mk_objects_of(objects ${closure} platform_${platform} ${tls} platform_deflate)

    foreach(source IN LISTS sources)
        if(NOT TARGET mk_test_support)
            continue()
        endif()
        get_filename_component(program ${source} NAME_WE)
        string(REGEX REPLACE "^test_" "" name ${program})
        set(target test_${folder}_${name})
        add_executable(${target} ${source} ${helpers} ${objects})
        mk_tests_see(${target})
        if(platform STREQUAL "linux")
            mk_posix(${target})
            if(TARGET mk-shell) # some drive the program
                add_dependencies(${target} mk-shell)
            endif()
        endif()
        target_link_libraries(${target} PRIVATE mk_test_support Threads::Threads)
        set_target_properties(${target} PROPERTIES OUTPUT_NAME ${program}
            RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/tests/${folder})
        list(APPEND test_programs ${target})
        add_test(NAME ${folder}.${name} COMMAND ${target})
        mk_add_test_entry(${folder}.${name} ${folder})
        set_property(TEST ${folder}.${name} PROPERTY ENVIRONMENT
            "MK_SHELL=${mk_shell_file}" "MK_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
    endforeach()

    foreach(script IN LISTS scripts)
        # Scripts drive programs built for this machine.
        if(CMAKE_CROSSCOMPILING)
            continue()
        endif()
        get_filename_component(name ${script} NAME_WE)
        string(REGEX REPLACE "^test_" "" name ${name})
        add_test(NAME ${folder}.${name} COMMAND bash ${script})
        mk_add_test_entry(${folder}.${name} ${folder})
        set_property(TEST ${folder}.${name} PROPERTY ENVIRONMENT
            "MK_SHELL=${mk_shell_file}" "MK_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
            "MK_BUILD_DIR=${PROJECT_BINARY_DIR}" "CC=${CMAKE_C_COMPILER}"
            "CMAKE=${CMAKE_COMMAND}" "CMAKE_GENERATOR=${CMAKE_GENERATOR}"
            "MK_SANITIZE=${MK_SANITIZE}")
    endforeach()
endforeach()

# testssl.sh looks for some minutes on a slow machine, where a browser takes its time, too;
# silence is noticed after some heartbeats, and a thousand clusters on an emulated machine
# have much to do.
foreach(slow linux.testssl linux.browser linux.cluster_cables cluster.cluster)
    if(TEST ${slow})
        set_tests_properties(${slow} PROPERTIES TIMEOUT 600)
    endif()
endforeach()

# tests/sdk: the guests have to be compiled before they can be spoken to; the first time
# that takes as long as their compilers take.
if(TEST sdk.build AND TEST sdk.guests)
    set_tests_properties(sdk.build PROPERTIES FIXTURES_SETUP sdk_modules TIMEOUT 300)
    set_tests_properties(sdk.guests PROPERTIES FIXTURES_REQUIRED sdk_modules)
endif()

# --- link closure -----------------------------------------------------------------
# closes_<folder>: an empty program from the folder, what its row reaches, the
# simulated platform, and nothing else. tests/layers/test_closure.sh builds them all,
# and the mutant that calls upward, which must not link.
add_custom_target(closes)
foreach(folder IN LISTS MK_FOLDERS)
    if(TARGET mk_${folder})
        mk_objects_of(objects ${MK_CLOSURE_${folder}} platform_sim platform_tls platform_deflate)
        add_executable(closes_${folder} EXCLUDE_FROM_ALL
            ${PROJECT_SOURCE_DIR}/tests/layers/closes.c ${objects})
        mk_warn(closes_${folder})
        target_link_libraries(closes_${folder} PRIVATE Threads::Threads)
        set_target_properties(closes_${folder} PROPERTIES
            RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/closes)
        add_dependencies(closes closes_${folder})
    endif()
endforeach()
if(TARGET mk_base)
    mk_objects_of(objects base platform_sim platform_tls platform_deflate)
    add_executable(closes_base_mutant EXCLUDE_FROM_ALL
        ${PROJECT_SOURCE_DIR}/tests/layers/closes.c
        ${PROJECT_SOURCE_DIR}/tests/layers/upward_call/base/mutant.c ${objects})
    mk_warn(closes_base_mutant)
    target_link_libraries(closes_base_mutant PRIVATE Threads::Threads)
endif()

# --- fuzz targets -----------------------------------------------------------------
# With MK_FUZZ they are fuzzers; in every other build the stored corpus is a test.
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/fuzz_*.c)
file(GLOB helpers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/*.c)
if(sources)
    list(REMOVE_ITEM helpers ${sources})
endif()
mk_objects_of(objects ${MK_FOLDERS} platform_sim platform_tls platform_deflate)
foreach(source IN LISTS sources)
    get_filename_component(program ${source} NAME_WE) # fuzz_<name>
    string(REGEX REPLACE "^fuzz_" "" name ${program})
    add_executable(${program} ${source} ${helpers} ${objects})
    mk_tests_see(${program})
    target_link_libraries(${program} PRIVATE Threads::Threads)
    set_target_properties(${program} PROPERTIES OUTPUT_NAME ${name}
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/fuzz)
    if(MK_FUZZ)
        target_link_options(${program} PRIVATE -fsanitize=fuzzer)
    else()
        target_sources(${program} PRIVATE ${PROJECT_SOURCE_DIR}/tools/corpus_main.c)
        set_property(SOURCE ${PROJECT_SOURCE_DIR}/tools/corpus_main.c
            PROPERTY COMPILE_DEFINITIONS "${MK_POSIX_DEFINITIONS}")
        add_test(NAME corpus.${name}
            COMMAND ${program} ${PROJECT_SOURCE_DIR}/fuzz/corpus/${name})
        mk_add_test_entry(corpus.${name} corpus)
    endif()
endforeach()
