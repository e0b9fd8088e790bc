#pragma once

#include <idcl/pickle/file.hpp>
#include <idcl/pickle/numpy.hpp>

#include <cstdint>
#include <filesystem>
#include <ostream>
#include <span>
#include <string>

namespace merc {

/// The array of a .npy file and the bytes that it views.
struct NpyFile {
  idcl::pickle::File file;
  idcl::pickle::numpy::Array array;
};

/// Reads a .npy file of numbers, versions 1 to 3. Throws pickle::Error without the path.
NpyFile read_npy(const std::filesystem::path& path);

/// The first bytes of a .npy file of float32 in row-major order: what follows is rows * cols floats, little endian.
std::string npy_header(std::int64_t rows, std::int64_t cols);

/// Writes floats as a file holds them, little endian on every machine.
void write_floats(std::ostream& out, std::span<const float> values);

}  // namespace merc
