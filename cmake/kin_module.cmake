# One function declares a module: a folder, a static library kin::<name>, and the tests that lie beside its code.
#
#   kin_module(nn
#     ABOUT   "Layers, embedding tables, losses, optimizers with their slot variables"
#     DEPS    tensor
#     SOURCES embedding_table.cc
#     TESTS   embedding_table_test.cc
#     TEST_DEPS features_testing           # libraries of the tests, by kin_test_library
#     LIBS    fmt::fmt)                    # third-party libraries, private
#
# Every translation unit is compiled without contraction of a*b+c, so that a fused multiply-add happens exactly where
# the code says so and the bits do not depend on the compiler's choice (DESIGN decision 6).

set(KIN_CXX_FLAGS -Wall -Wextra -Wshadow -Wnon-virtual-dtor -ffp-contract=off -fno-math-errno)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # ccache asks for the first; the second spares a tenth of the time, collecting garbage below 512 MB.
  list(APPEND KIN_CXX_FLAGS -fpch-preprocess --param=ggc-min-heapsize=524288)
endif()
if(KIN_WERROR)
  list(APPEND KIN_CXX_FLAGS -Werror)
endif()

# Much of what the compiler reads are these headers, so they are compiled once for all modules, and once for all tests.
# Only for Release: the other presets then still find an #include that is missing. Not <filesystem>: it would bring
# std::quoted to every call of ours.
set(KIN_STD_HEADERS "")
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(KIN_STD_HEADERS <algorithm> <bit> <charconv> <cmath> <cstdint> <cstring> <fmt/format.h>
    <functional> <limits> <map> <memory> <numeric> <optional> <set> <span> <string> <string_view> <utility> <vector>)
endif()

# GCC takes a compiled header only where the flags are the same, hence the definitions of fmt in all who use it.
function(kin_precompiled name)
  cmake_parse_arguments(P "" "" "OPTIONS;LIBS;HEADERS" ${ARGN})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/${name}.cc CONTENT "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/${name}.cc)
  target_compile_options(${name} PRIVATE ${KIN_CXX_FLAGS} ${P_OPTIONS})
  target_link_libraries(${name} PRIVATE ${P_LIBS})
  target_precompile_headers(${name} PRIVATE ${P_HEADERS})
endfunction()

# What each library of the product has.
function(kin_library_target name)
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${KIN_CXX_FLAGS})
  if(KIN_STD_HEADERS)
    if(NOT TARGET kin_pch)
      kin_precompiled(kin_pch LIBS fmt::fmt HEADERS ${KIN_STD_HEADERS})
    endif()
    target_link_libraries(${name} PRIVATE fmt::fmt)
    target_precompile_headers(${name} REUSE_FROM kin_pch)
  endif()
endfunction()

set_property(GLOBAL PROPERTY KIN_MODULE_TABLE "")

function(kin_module name)
  cmake_parse_arguments(PARSE_ARGV 1 M "" "ABOUT" "DEPS;SOURCES;TESTS;TEST_DEPS;LIBS")  # keeps a semicolon in ABOUT
  add_library(kin_${name} STATIC ${M_SOURCES})
  add_library(kin::${name} ALIAS kin_${name})
  kin_library_target(kin_${name})
  foreach(dep ${M_DEPS})
    target_link_libraries(kin_${name} PUBLIC kin_${dep})
  endforeach()
  target_link_libraries(kin_${name} PRIVATE ${M_LIBS})
  string(REPLACE ";" ", " deps "${M_DEPS}")
  set_property(GLOBAL APPEND_STRING PROPERTY KIN_MODULE_TABLE "| `kinspace/${name}` | ${M_ABOUT} | ${deps} |\n")
  if(KIN_BUILD_TESTS AND M_TESTS)
    kin_test(${name}_test DEPS kin_${name} ${M_TEST_DEPS} SOURCES ${M_TESTS} LIBS ${M_LIBS})
  endif()
endfunction()

# Tests are compiled without optimisation, which halves the time; what they test are the modules, which have it.
set(KIN_TEST_FLAGS -fPIE $<$<CONFIG:Release>:-O0>)

# What each target of tests has; their headers are compiled once for all.
function(kin_test_target name)
  cmake_parse_arguments(T "" "" "DEFINES" ${ARGN})
  find_package(GTest REQUIRED)
  if(NOT TARGET kin_test_pch)
    kin_precompiled(kin_test_pch OPTIONS ${KIN_TEST_FLAGS} LIBS GTest::gmock Threads::Threads fmt::fmt
      HEADERS <gmock/gmock.h> <gtest/gtest.h> ${KIN_STD_HEADERS})
    set_target_properties(kin_test_pch PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  endif()
  # Libraries of tests are compiled as programs are, so that one compiled header suits both.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE ${KIN_CXX_FLAGS} ${KIN_TEST_FLAGS})
  target_compile_definitions(${name} PRIVATE KIN_SOURCE_DIR="${PROJECT_SOURCE_DIR}" ${T_DEFINES})
  target_link_libraries(${name} PRIVATE fmt::fmt)
  target_precompile_headers(${name} REUSE_FROM kin_test_pch)
endfunction()

# What the tests of several modules share.
function(kin_test_library name)
  cmake_parse_arguments(T "" "" "DEPS;SOURCES;LIBS" ${ARGN})
  add_library(${name} STATIC ${T_SOURCES})
  kin_test_target(${name})
  target_link_libraries(${name} PUBLIC ${T_DEPS} PRIVATE ${T_LIBS} GTest::gmock)
endfunction()

# A GoogleTest program; every test case becomes one ctest entry.
function(kin_test name)
  cmake_parse_arguments(T "" "" "DEPS;SOURCES;LIBS;DEFINES" ${ARGN})
  include(GoogleTest)
  add_executable(${name} ${T_SOURCES})
  kin_test_target(${name} DEFINES ${T_DEFINES})
  target_link_libraries(${name} PRIVATE ${T_DEPS} ${T_LIBS} GTest::gmock_main Threads::Threads)
  gtest_discover_tests(${name} NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
endfunction()
