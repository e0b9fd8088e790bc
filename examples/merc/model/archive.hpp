#pragma once

#include <ATen/core/ivalue.h>

#include <filesystem>
#include <map>
#include <string>

namespace merc {

/// Writes a value as `torch.save` does, under a temporary name that is then renamed, so that the file is never half there.
///
/// A dict of tensors is read by `torch.load`, with `weights_only`, and by idcl::pickle::read_state_dict; nested dicts, strings and
/// numbers by `torch.load` and `read_archive`. `records` are files of the archive beside those, by name; `torch.load` passes over them.
/// Throws DataError where the disk is full or the folder is not writable.
void write_archive(const std::filesystem::path& path, const c10::IValue& value, const std::map<std::string, std::string>& records = {});

/// Reads what write_archive writes. Throws DataError that names the path.
c10::IValue read_archive(const std::filesystem::path& path);

}  // namespace merc
