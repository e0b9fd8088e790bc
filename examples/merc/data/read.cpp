#include "data/corpus.hpp"
#include "data/fingerprint.hpp"
#include "data/layout.hpp"

#include <idcl/pickle/load.hpp>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace merc {

namespace pickle = idcl::pickle;

namespace {

/// What a file is that is certainly no pickle, and what to do about it.
std::optional<std::string> other_than_pickle(std::string_view bytes) {
  if (bytes.empty()) return "is empty; copy or download it again";
  if (bytes.starts_with("version https://git-lfs"))
    return "is a Git LFS pointer, not the file itself; run `git lfs pull` in the repository it comes from";
  if (bytes.starts_with("\x1f\x8b")) return "is compressed with gzip; unpack it with `gunzip` first";
  if (bytes.starts_with("PK\x03\x04")) return "is a zip archive; unpack it, or if it holds weights give it to `eval --weights`";
  if (bytes.starts_with("Rar!") || bytes.starts_with("7z\xbc\xaf") || bytes.starts_with("BZh") || bytes.starts_with("\xfd\x37zXZ"))
    return "is a compressed archive; unpack it first";
  if (bytes.starts_with("\x93NUMPY")) return "is one numpy array; expected a feature pickle, or the folder of the open format";
  if (bytes.starts_with("\x89HDF")) return "is an HDF5 file; expected a feature pickle, or the folder of the open format";
  const auto text = bytes.substr(std::min(bytes.find_first_not_of(" \t\r\n\xef\xbb\xbf"), bytes.size()));
  for (const std::string_view begin : {"<!DOCTYPE", "<!doctype", "<html", "<HTML", "<?xml", "<head"}) {
    if (text.starts_with(begin))
      return "is a web page, saved under the name of the data; download the file itself (log in, or use the link to the raw file)";
  }
  if (text.starts_with("{\"") || text.starts_with("[{")) return "is JSON; expected a feature pickle, or the folder of the open format";
  return std::nullopt;
}

Corpus read_pickle(const std::filesystem::path& path) {
  auto file = pickle::File::open(path);
  if (const auto other = other_than_pickle(file.bytes())) throw DataError(*other);
  auto document = pickle::loads(file.bytes());
  document.keep(std::move(file));
  return layout::any(document);
}

Corpus read_folder(const std::filesystem::path& folder, const ReadOptions& options) {
  if (auto corpus = layout::iemocap_release(folder, options)) return std::move(*corpus);
  for (const auto layout : {layout::open, layout::meld_csv, layout::multiemo_folder}) {
    if (auto corpus = layout(folder)) return std::move(*corpus);
  }
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  std::string seen;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 8); ++i) seen += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > 8) seen += ", ...";
  throw DataError(
      "is a folder of no known layout (expected the open format: dialogs.jsonl and .npy files, MELD's csv files, MultiEMO's pickles, or "
      "the tree of IEMOCAP_full_release); seen: " +
      (names.empty() ? "nothing" : seen));
}

}  // namespace

Corpus layout::any(const pickle::Document& document) {
  for (const auto layout : {corect_dict, cogmen_sample, tuple}) {
    auto corpus = layout(document);
    if (!corpus) continue;
    if (document.trailing_bytes != 0) {
      corpus->warnings.push_back(std::to_string(document.trailing_bytes) +
                                 " bytes follow the end of the pickle and were ignored: was something appended to the file?");
    }
    return std::move(*corpus);
  }
  throw DataError(
      "holds no corpus of a known layout (expected a dict of splits, one of the tuples of 6 to 14 members, or the open format); seen: " +
      describe(document.root));
}

Corpus read(const std::filesystem::path& path, const ReadOptions& options) {
  try {
    std::error_code error;
    auto corpus = std::filesystem::is_directory(path, error) ? read_folder(path, options) : read_pickle(path);
    corpus.path = path.string();
    const auto findings = audit(corpus);
    corpus.warnings.insert(corpus.warnings.end(), findings.begin(), findings.end());
    corpus.fingerprint = fingerprint(corpus);
    return corpus;
  } catch (const pickle::Error& error) {
    throw DataError(path.string() + ": " + error.what());
  } catch (const DataError& error) {
    throw DataError(path.string() + ": " + error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    throw DataError(path.string() + ": " + error.code().message());
  } catch (const std::bad_alloc&) {
    throw DataError(path.string() + ": not enough memory to read it");
  }
}

Corpus load(const std::filesystem::path& path, const ReadOptions& options) {
  auto corpus = read(path, options);
  hold_out_dev(corpus);
  return corpus;
}

}  // namespace merc
